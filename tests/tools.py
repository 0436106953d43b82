"""Programs that some tests need and that a newcomer's machine may lack: Debian has them all."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from tests.faked_clock import same_clock

if TYPE_CHECKING:
    from collections.abc import Iterable

REQUIRED = "TOOLS_REQUIRED"
"""The variable by which `.ci/run` says that it has installed them: then a test that finds none fails."""

ON_PATH_ONLY = "TOOLS_ON_PATH_ONLY"
"""The variable by which `.ci/newcomer` says that programs elsewhere do not count: a newcomer's machine has none."""

_OF_ROOT: Final = (Path("/usr/sbin"), Path("/usr/local/sbin"))
"""Where Debian puts servers, and where a user's PATH does not lead."""

REDIS: Final = None if same_clock() else shutil.which("redis-server")
"""Debian's Redis, where there is one. Under a faked clock it does not start: its allocator asks libfaketime for the
time before that can tell it."""


def tool(name: str, *, package: str, besides: Iterable[Path] = ()) -> str:
    """The path of a program; without it the test is skipped, with the name of Debian's package that has it.

    `besides` are folders to look in, beside PATH and those of servers.
    """
    path = shutil.which(name)
    if path is None and not os.environ.get(ON_PATH_ONLY):
        path = shutil.which(name, path=os.pathsep.join(map(str, (*_OF_ROOT, *besides))))
    if path is None:
        missing = f"there is no {name} (Debian's package {package})"
        if os.environ.get(REQUIRED):
            pytest.fail(missing)
        pytest.skip(missing)
    return path
