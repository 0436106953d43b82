"""`up.env`: what a running `redeem up` chose, for commands in other terminals; the settings' weakest source."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

NAME = "up.env"


def write_up_env(directory: Path, values: Mapping[str, str]) -> Path:
    """Write the file, readable by its owner only; values hold no quotes (they are ours). Returns its path."""
    path = directory / NAME
    lines = [
        "# Of the `redeem up` that runs here; it goes when that stops.",
        *(f"{n}='{v}'" for n, v in values.items()),
    ]
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")
    return path


def remove_up_env(directory: Path) -> None:
    """Harmless when there is none."""
    (directory / NAME).unlink(missing_ok=True)
