"""Running what was pasted, as a program of the shop: in a folder of its own, with the variables that it reads."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.faked_clock import same_clock
from tests.tools import tool

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_WITHIN = 60.0


def php(
    directory: Path, code: str, *arguments: str, extension: str = "curl", ini: Mapping[str, str] | None = None
) -> tuple[str, ...]:
    """The command that runs PHP code in `directory`; skips where PHP or its extension is missing."""
    program = tool("php", package="php-cli")
    loaded = subprocess.run([program, "-m"], check=True, capture_output=True, text=True, timeout=_WITHIN).stdout
    if extension not in loaded.split():
        tool(f"php-{extension}", package=f"php-{extension}")  # is no program: says what is missing
    file = directory / "driver.php"
    file.write_text(f"<?php\n{code}", encoding="utf-8")
    settings = {"error_reporting": "-1", "display_errors": "stderr", "log_errors": "0", **(ini or {})}
    return (program, *(f"-d{name}={value}" for name, value in settings.items()), str(file), *arguments)


def node(directory: Path, code: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs a JavaScript module in `directory`."""
    file = directory / "driver.mjs"
    file.write_text(code, encoding="utf-8")
    return (tool("node", package="nodejs"), str(file), *arguments)


def python(directory: Path, code: str, *arguments: str) -> tuple[str, ...]:
    """The command that runs Python code in `directory`, with none of ours in reach."""
    file = directory / "driver.py"
    file.write_text(code, encoding="utf-8")
    return (sys.executable, "-W", "error", str(file), *arguments)


def shell(directory: Path, script: str) -> tuple[str, ...]:
    """The command that runs a pasted script by the machine's `sh`."""
    tool("curl", package="curl")
    tool("openssl", package="openssl")
    return ("sh", "-u", str(directory / script))


def environment(**variables: str) -> dict[str, str]:
    """What the program sees: a path, the tests' date, and these."""
    return {"PATH": os.environ["PATH"], "LANG": "C.UTF-8", **same_clock(), **variables}


def run(
    command: tuple[str, ...], directory: Path, variables: Mapping[str, str], stdin: str = ""
) -> subprocess.CompletedProcess[str]:
    """The ended program, whatever its status."""
    return subprocess.run(
        command,
        cwd=directory,
        env=environment(**variables),
        input=stdin,
        capture_output=True,
        text=True,
        timeout=_WITHIN,
        check=False,
    )
