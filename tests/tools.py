"""Programs that some tests need and that a newcomer's machine may lack: Debian has them all."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

REQUIRED = "TOOLS_REQUIRED"
"""The variable by which `.ci/run` says that it has installed them: then a test that finds none fails."""


def tool(name: str, *, package: str, besides: Iterable[Path] = ()) -> str:
    """The path of a program; without it the test is skipped, with the name of Debian's package that has it.

    `besides` are folders outside PATH to look in as well.
    """
    path = shutil.which(name) or shutil.which(name, path=os.pathsep.join(map(str, besides)))
    if path is None:
        missing = f"there is no {name} (Debian's package {package})"
        if os.environ.get(REQUIRED):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
