"""Starts `redeem relay` in no time, for tests that kill it again and again: a process that has imported all forks.

Each child is a process of its own with nothing but the command's own work to do. As a script it is the parent: it reads
a JSON line for each child wanted and answers with its process id.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType


class Nursery:
    """A context manager. What it has started dies with its own end."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path) -> int:
        """Run `redeem` with these arguments, its output appended to `log`; returns its process id at once."""
        wanted = {"arguments": list(arguments), "environment": dict(environment), "log": str(log)}
        process = self._running()
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(json.dumps(wanted) + "\n")
        process.stdin.flush()
        return int(process.stdout.readline())

    def __enter__(self) -> Self:
        environment = {name: value for name, value in os.environ.items() if not name.startswith("REDEEM_")}
        self._process = subprocess.Popen(
            (sys.executable, "-P", __file__),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**environment, "PYTHONPATH": str(Path(__file__).parents[3])},
        )
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        process = self._running()
        process.communicate()  # closes its standard input, which ends it
        self._process = None

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None, "never started"
        return self._process


def _fork(wanted: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        return child
    os.setsid()
    os.environ.clear()
    os.environ.update(wanted["environment"])
    log = Path(wanted["log"])
    os.chdir(log.parent)  # not the checkout, whose `.env` is the developer's
    sys.argv = ["redeem", *wanted["arguments"]]
    output = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for file, number in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(file, number)
    main()
    raise AssertionError("a command ends by itself")


if __name__ == "__main__":
    for late in ("worker.cli.relay", "worker.relay.relay", "kombu.transport.redis", "psycopg", "pymysql"):
        importlib.import_module(late)
    for dialect in ("postgresql.psycopg", "mysql.pymysql", "sqlite.pysqlite"):
        importlib.import_module(f"sqlalchemy.dialects.{dialect}")
    from worker.cli import main

    children = []
    for line in sys.stdin:
        children.append(_fork(json.loads(line)))
        print(children[-1], flush=True)  # noqa: T201 - its answer
    for child in children:
        os.kill(child, signal.SIGKILL)  # those that have ended are zombies, for nobody else reaps them
