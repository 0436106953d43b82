"""One child of the stack: in a session of its own, so that the terminal's Ctrl-C is ours to pass on, and in order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from worker.dev.stack.narration import as_record

POLL = 0.05
"""Seconds between two looks at a starting child."""
STEADY = 60.0
"""A child that lived so many seconds starts its pauses over."""
LONGEST_PAUSE = 30.0
_LONGEST_LINE = 300
COLD = 3.0
"""Seconds for a cold stop, before SIGKILL."""


class NotReadyError(Exception):
    """A child did not come up; the text says what it said last."""


@dataclass(frozen=True)
class Program:
    """What to run: `environment` is the child's whole one, `log` takes its output, `ready` says when it is up."""

    name: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    ready: Callable[[], Awaitable[bool]]


class Service:
    """Runs a program until told to stop; one that ends by itself is started again. `say` takes a line for people."""

    def __init__(self, program: Program, say: Callable[[str], None]) -> None:
        self._program = program
        self._say = say
        self._process: asyncio.subprocess.Process | None = None

    @property
    def name(self) -> str:
        """What people call it."""
        return self._program.name

    @property
    def pid(self) -> int | None:
        """Of the process that runs, or ran last; None before the first start."""
        return None if self._process is None else self._process.pid

    async def launch(self) -> None:
        """Start it, without waiting until it is ready. The log of the run before is kept as `….1`."""
        log = self._program.log
        log.parent.mkdir(parents=True, exist_ok=True)
        if log.exists():
            log.replace(log.with_name(log.name + ".1"))
        self._process = await self._spawn()

    async def until_ready(self, within: float) -> None:
        """Raises NotReadyError when it ended, or was not ready within so many seconds."""
        until = time.monotonic() + within
        while not await self._program.ready():
            if self._process is not None and self._process.returncode is not None:
                raise self._not_ready(_ending(self._process.returncode))
            if time.monotonic() > until:
                raise self._not_ready(f"was not ready within {within:g} s")
            await asyncio.sleep(POLL)

    async def keep(self) -> None:
        """Start it again whenever it ends; never returns, cancel it."""
        pauses, began = restart_pauses(), time.monotonic()
        while self._process is not None:
            status = await self._process.wait()
            if time.monotonic() - began > STEADY:
                pauses = restart_pauses()
            pause = next(pauses)
            name = self._program.name
            self._say(f"the {name} {_ending(status)}; starting it again in {pause:g} s (log: {self._program.log})")
            await asyncio.sleep(pause)
            self._process, began = await self._spawn(), time.monotonic()

    async def stop(self, grace: float, hasten: asyncio.Event) -> bool:
        """SIGTERM; after `grace` seconds, or once `hasten` is set, SIGQUIT, then SIGKILL. Whether it stopped warm."""
        if self._process is None:
            return True
        warm = await self._signalled(signal.SIGTERM, grace, hasten)
        if not warm and not await self._signalled(signal.SIGQUIT, COLD, asyncio.Event()):
            await self._signalled(signal.SIGKILL, COLD, asyncio.Event())
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)  # whatever it started itself
        return warm

    async def _signalled(self, number: signal.Signals, seconds: float, cut_short: asyncio.Event) -> bool:
        """Whether it has ended within `seconds` of that signal; `cut_short` ends the wait early."""
        assert self._process is not None  # noqa: S101 - only called once it was spawned
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(number)
        ended = asyncio.create_task(self._process.wait())
        cut = asyncio.create_task(cut_short.wait())
        await asyncio.wait({ended, cut}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for task in (ended, cut):
            task.cancel()
        return self._process.returncode is not None

    async def _spawn(self) -> asyncio.subprocess.Process:
        with self._program.log.open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self._program.command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(self._program.environment),
                start_new_session=True,
            )

    def _not_ready(self, what: str) -> NotReadyError:
        said = self._program.log.read_text("utf-8", "replace").splitlines()[-5:]
        tail = "".join(f"\n    {_readable(line)}" for line in said) or " nothing"
        return NotReadyError(f"the {self._program.name} {what}; it said:{tail}\n  (all of it: {self._program.log})")


def restart_pauses() -> Iterator[float]:
    """1 s, then doubling up to `LONGEST_PAUSE`, without end."""
    pause = 1.0
    while True:
        yield pause
        pause = min(pause * 2, LONGEST_PAUSE)


def _readable(line: str) -> str:
    """A line of a JSON log without its trimmings, and any line within reason."""
    record = as_record(line)
    return str(record.get("event") if record else line)[:_LONGEST_LINE]


def _ending(status: int) -> str:
    return f"was killed by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"
