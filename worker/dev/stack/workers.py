"""The stack's workers: one of all queues, and as many of the partners' queues as were asked for beyond it.

The first is all that a newcomer waits for. The others start once it is quiet, since a start costs seconds of CPU; each
is watched like the first, has a log of its own, and what it does is told with the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from worker.dev.stack import programs
from worker.dev.stack.log_lines import follow
from worker.dev.stack.narration import Narrator, as_record
from worker.dev.stack.service import Program


class Workers:
    """What is to run as workers, and what their logs tell. `say` takes a kind and a line."""

    def __init__(
        self, environment: Mapping[str, str], logs: Path, say: Callable[[str, str], None], narrator: Narrator
    ) -> None:
        self._environment = environment
        self._logs = logs
        self._say = say
        self._narrator = narrator
        self._ready: set[Path] = set()
        self.quiet = False
        """Set when nothing more is to be told, as during a cold stop."""

    def first(self) -> Program:
        """The one of all queues."""
        return self._program(lambda ready: programs.worker(self._environment, self._logs, ready))

    def further(self, number: int) -> Program:
        """One of the partners' queues, by its number, from 2 on."""
        return self._program(lambda ready: programs.further_worker(number, self._environment, self._logs, ready))

    async def narrate(self, program: Program) -> None:
        """Tell what the log of a worker says, from its launch on; never ends, cancel it."""
        async for line in follow(program.log):
            record = as_record(line) or {}
            if record.get("logger") == "celery.apps.worker" and str(record.get("event")).endswith(" ready."):
                again = " again" if program.log in self._ready else ""
                of = program.name.removeprefix("worker").strip()
                self._say("worker", f"{of + ' ' if of else ''}ready{again}; its log is {program.log}")
                self._ready.add(program.log)
            if not self.quiet:
                self._narrator.read(line)

    def _program(self, make: Callable[[programs.Ready], Program]) -> Program:
        made: list[Program] = []

        async def ready() -> bool:
            return made[0].log in self._ready

        made.append(make(ready))
        return made[0]
