"""A race's processes: started in groups of their own, asked by lines, their CPU time read, and ended with the group."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import psutil

_STOP_WITHIN: Final = 3.0


def busy(pid: int) -> float:
    """Seconds of CPU of a process and all its descendants, those included that have ended."""
    process = psutil.Process(pid)
    times = [one.cpu_times() for one in (process, *process.children(recursive=True))]
    return sum(one.user + one.system + one.children_user + one.children_system for one in times)


def line(process: subprocess.Popen[bytes]) -> bytes:
    """What it says next. Raises EOFError when it has ended."""
    assert process.stdout is not None  # noqa: S101 - a pipe was asked for
    if not (said := process.stdout.readline()):
        raise EOFError(f"{process.args!r} ended")
    return said


@contextlib.contextmanager
def running(
    command: tuple[str, ...], environment: Mapping[str, str], log: Path, *, asked: bool = False
) -> Iterator[subprocess.Popen[bytes]]:
    """A process with its descendants in a group of their own, all of which end with the block.

    `asked`: it reads lines and answers them, so that only its errors go into the log.
    """
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - commands of ours
            command,
            stdin=subprocess.PIPE if asked else subprocess.DEVNULL,
            stdout=subprocess.PIPE if asked else said,
            stderr=said,
            env=environment,
            cwd=log.parent,  # not the checkout, whose `.env` is the developer's
            start_new_session=True,
        )
    try:
        yield process
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for number in (signal.SIGTERM, signal.SIGKILL):
        with contextlib.suppress(ProcessLookupError):  # ended by itself
            os.killpg(process.pid, number)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_STOP_WITHIN)
            break
    with contextlib.suppress(ProcessLookupError):  # none of its children has outlived it
        os.killpg(process.pid, signal.SIGKILL)
