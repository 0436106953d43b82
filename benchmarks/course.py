"""One run of one contender on a Redis, a partner and a producer of its own; and what is measured of it."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, cast

import psutil
from redis import Redis

from benchmarks.field import Contender
from benchmarks.pit import ROOT
from benchmarks.processes import busy, line, running
from worker.dev.broker import EmbeddedValkey

_DIRECT: Final = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # the partner is on this machine
_LOOK: Final = 0.02


@dataclass(frozen=True)
class Moment:
    """What has been used up so far: seconds of CPU, Redis's commands and bytes."""

    answered: int
    worker: float
    redis: float
    partner: float
    commands: int
    trips: int
    """Reads of Redis from its clients: round trips, however many commands each brings."""
    bytes: int


class Course:
    """A context manager; `latency` is the partner's in ms."""

    def __init__(self, contender: Contender, latency: float) -> None:
        self.contender = contender
        self._latency = latency
        self._looks = 0
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack:
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
            self.server = stack.enter_context(EmbeddedValkey(self.folder / "redis"))
            self.redis = stack.enter_context(Redis.from_url(self.server.url, decode_responses=True))
            stub = (sys.executable, "-m", "benchmarks.stub", str(self._latency))
            found = {**os.environ, "PYTHONPATH": str(ROOT)}
            self._stub = stack.enter_context(running(stub, found, self.folder / "stub.log", asked=True))
            self.partner_port = int(line(self._stub))
            self._partner = f"http://127.0.0.1:{self.partner_port}"
            self._environment = self._variables()
            producer = self.contender.producer()
            self._producer = stack.enter_context(
                running(producer, self._environment, self.folder / "producer.log", asked=True)
            )
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *error: object) -> None:
        self._stack.close()

    def _variables(self) -> dict[str, str]:
        # No proxy: whatever a contender calls with, the partner is on this machine.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("REDEEM_") and not name.lower().endswith("_proxy")
        }
        path = f"{self.contender.path()}{os.pathsep}{kept.get('PATH', '')}"
        ours = self.contender.variables(self.server.url, self._partner)
        return {**kept, "PATH": path, "PYTHONPATH": str(ROOT), **ours}

    def enqueue(self, first: int, count: int, rate: float | None = None, burst: int = 0) -> dict[str, Any]:
        """Have the events enqueued; `contenders/produce.py` tells what the wish and its answer mean."""
        assert self._producer.stdin is not None  # noqa: S101 - a pipe was asked for
        wish = {"first": first, "count": count, "rate": rate, "burst": burst}
        self._producer.stdin.write(json.dumps(wish).encode() + b"\n")
        self._producer.stdin.flush()
        try:
            return cast("dict[str, Any]", json.loads(line(self._producer)))
        except EOFError:
            raise RuntimeError((self.folder / "producer.log").read_text()) from None

    def redeem(self, *words: str, lines: str = "") -> None:
        """Run a `redeem` command of ours, with `lines` as its standard input."""
        program = (sys.executable, "-P", "-c", "from worker.cli import main; main()")
        subprocess.run((*program, *words), input=lines, text=True, env=self._environment, check=True,  # noqa: S603 - ours
                       stdout=subprocess.DEVNULL, cwd=self.folder)  # fmt: skip

    @contextlib.contextmanager
    def working(self) -> Iterator[None]:
        """While the worker runs; at the end it is stopped, or killed where that takes too long."""
        with contextlib.ExitStack() as stack:
            self._workers = [
                stack.enter_context(running(("sh", "-c", f"exec {command}"), self._environment, self._log(number)))
                for number, command in enumerate(self.contender.commands)
            ]
            yield

    def kill(self) -> None:
        """SIGKILL, to all of the worker's processes."""
        for worker in self._workers:
            process = psutil.Process(worker.pid)
            for one in (process, *process.children(recursive=True)):
                one.kill()
            worker.wait()

    def until_answered(self, count: int, deadline: float) -> int:
        """How many calls the partner has answered, once that is `count` or the deadline (monotonic) is over."""
        while (answered := self.answered()) < count and time.monotonic() < deadline:
            for number, worker in enumerate(self._workers):
                if worker.poll() is not None:
                    raise RuntimeError(f"{self.contender.name} ended: {self._log(number).read_text()[-2000:]}")
            time.sleep(_LOOK)
        return answered

    def until_recorded(self, count: int, deadline: float) -> int:
        """How many jobs have come to their end, as `until_answered`."""
        while (recorded := self.recorded()) < count and time.monotonic() < deadline:
            time.sleep(_LOOK)
        return recorded

    def answered(self) -> int:
        """How many calls the partner has answered."""
        return int(self._of_partner("count"))

    def recorded(self) -> int:
        """How many jobs have come to their end."""
        self._looks += 1
        return int(cast("int", self.redis.execute_command(*self.contender.recorded)))

    def calls(self) -> dict[str, Any]:
        """What the partner has in its books; see `stub.py`."""
        return cast("dict[str, Any]", json.loads(self._of_partner("calls")))

    def look(self) -> Moment:
        """How things stand."""
        answered = self.answered()
        worker = sum(busy(process.pid) for process in self._workers)
        info = cast("dict[str, Any]", self.redis.info("stats"))
        self._looks += 1
        return Moment(
            answered=answered,
            worker=worker,
            redis=busy(cast("int", self.server.pid)),
            partner=busy(self._stub.pid),
            commands=info["total_commands_processed"] - self._looks,
            trips=info["total_reads_processed"] - self._looks,
            bytes=info["total_net_input_bytes"] + info["total_net_output_bytes"],
        )

    def _of_partner(self, what: str) -> bytes:
        with _DIRECT.open(f"{self._partner}/{what}") as answer:
            return cast("bytes", answer.read())

    def _log(self, number: int) -> Path:
        return self.folder / f"worker-{number}.log"
