"""Finds again what a killed `redeem up` left running: each child has the data directory in its environment.

A pid file is written after the process exists and outlives it, so it can miss a child or name a stranger. The
environment is there from the first instruction and ends with the process.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

MARK = "_REDEEM_DATA_DIRECTORY"
"""Not `REDEEM_…`: an unknown name with that prefix stops every command."""
POLL = 0.02
"""Seconds between two looks at processes that are to end."""


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
    for process in _still_running(found, grace):
        with suppress(psutil.NoSuchProcess):
            process.kill()
    _still_running(found, grace)
    return len(found)


def _still_running(processes: list[psutil.Process], seconds: float) -> list[psutil.Process]:
    """Those of `processes` that have not ended after at most `seconds`.

    A zombie has ended: in a container nobody may ever reap it, so psutil's own wait would not do.
    """
    until = time.monotonic() + seconds
    while (running := [process for process in processes if not _ended(process)]) and time.monotonic() < until:
        time.sleep(POLL)
    return running


def _ended(process: psutil.Process) -> bool:
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
