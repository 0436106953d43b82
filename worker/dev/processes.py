"""Finds again what a killed `redeem up` left running: each child has the data directory in its environment.

A pid file is written after the process exists and outlives it, so it can miss a child or name a stranger. The
environment is there from the first instruction and ends with the process.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "_REDEEM_DATA_DIRECTORY"
"""Not `REDEEM_…`: an unknown name with that prefix stops every command."""


def marked(directory: Path, environment: Mapping[str, str] | None = None) -> dict[str, str]:
    """`environment` (default: ours) for a child that works for `directory`."""
    return {**(os.environ if environment is None else environment), MARK: str(directory.resolve())}


def left_behind(directory: Path) -> Iterator[psutil.Process]:
    """Running processes started for `directory`.

    Whoever asks holds the lock of `directory`, so none of them has a living owner but the asker.
    """
    wanted = str(directory.resolve())
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):  # gone meanwhile, or another user's: not ours
            if process.pid != os.getpid() and process.environ().get(MARK) == wanted:
                yield process


def stop_left_behind(directory: Path, *, grace: float) -> int:
    """SIGTERM to what `left_behind` finds, SIGKILL after `grace` seconds; returns how many there were."""
    found = list(left_behind(directory))
    for process in found:
        with suppress(psutil.NoSuchProcess):
            process.terminate()
    _, stubborn = psutil.wait_procs(found, timeout=grace)
    for process in stubborn:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(stubborn, timeout=grace)
    return len(found)
