"""The stack's children: their commands, logs, and how one sees that each is up.

`-P` keeps the directory that the user stands in off the import path: a shop's own `config` or `tasks` there would be
taken for ours. For the same reason the app is imported before Celery's command looks for it.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Final

import worker as worker_package
from tasks.partners import PARTNERS
from worker.dev.ports import LOOPBACK
from worker.dev.stack.readiness import answers
from worker.dev.stack.service import Program

_PYTHON: Final = (sys.executable, "-P", "-c")
_CELERY: Final = (
    *_PYTHON,
    "import worker.app, celery.__main__; celery.__main__.main()",
    *("--quiet", "-A", "worker.app"),
)
_REDEEM: Final = (*_PYTHON, "from worker.cli import main; main()")
Ready = Callable[[], Awaitable[bool]]
EMIT: Final = (*_REDEEM, "emit", "-")
FLOWER_CONFIG: Final = Path(worker_package.__file__).with_name("flowerconfig.py")


def worker(environment: Mapping[str, str], logs: Path, ready: Ready) -> Program:
    """The worker of all queues; its log is JSON from INFO on whatever is set, since it is what people are told from."""
    return _worker("worker", environment, logs / "worker.log", ready, "--hostname", "worker@%h")


def further_worker(number: int, environment: Mapping[str, str], logs: Path, ready: Ready) -> Program:
    """The worker of that number, from 2 on: one of the partners' queues, so that another core does calls too."""
    options = ("--hostname", f"partners-{number}@%h", "--queues", ",".join(PARTNERS))
    return _worker(f"worker {number}", environment, logs / f"worker-{number}.log", ready, *options)


def _worker(name: str, environment: Mapping[str, str], log: Path, ready: Ready, *options: str) -> Program:
    level = environment.get("REDEEM_LOG_LEVEL", "").upper()
    ours = {"REDEEM_LOG_FORMAT": "json", "REDEEM_LOG_LEVEL": level if level == "DEBUG" else "INFO"}
    return Program(name, (*_CELERY, "worker", *options), {**environment, **ours}, log, ready)


def flower(environment: Mapping[str, str], logs: Path, port: int) -> Program:
    """Flower on the loopback address."""
    options = (f"--conf={FLOWER_CONFIG}", f"--address={LOOPBACK}", f"--port={port}")

    async def ready() -> bool:
        return await answers(port, "/healthcheck")

    return Program("Flower", (*_CELERY, "flower", *options), environment, logs / "flower.log", ready)


def web(environment: Mapping[str, str], logs: Path, port: int) -> Program:
    """The HTTP door on the loopback address."""
    command = (*_REDEEM, "serve", "--host", LOOPBACK, "--port", str(port))

    async def ready() -> bool:
        return await answers(port, "/healthz")

    return Program("web", command, environment, logs / "web.log", ready)


def sandbox(environment: Mapping[str, str], logs: Path, port: int) -> Program:
    """The partner sandbox."""

    async def ready() -> bool:
        return await answers(port)

    return Program("sandbox", (*_REDEEM, "sandbox", "--port", str(port)), environment, logs / "sandbox.log", ready)
