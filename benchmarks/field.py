"""Who runs in `benchmarks/race.py`, and by which commands."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.pit import ROOT, python


@dataclass(frozen=True)
class Contender:
    """One way to get the job done."""

    name: str
    title: str
    commands: tuple[str, ...]
    """Of its worker's processes, for a shell; `python` is its environment's."""
    promise: str = ""
    """What becomes of what a killed worker had in hand."""
    environment: str = "requirements"
    module: str = ""
    """That enqueues, in `benchmarks/contenders/`; its name unless given."""
    recorded: tuple[str, str] = ("HLEN", "results")
    """Asks Redis how many jobs have come to their end."""

    def producer(self) -> tuple[str, ...]:
        """The command of the process that enqueues."""
        module = self.module or self.name
        return str(python(self.environment)), "-m", "benchmarks.contenders.produce", module

    def path(self) -> Path:
        """Where its commands are found first."""
        return Path(sys.executable).parent if self.name == "ours" else python(self.environment).parent

    def variables(self, redis: str, partner: str) -> Mapping[str, str]:
        """What it is told by."""
        told = {"RACE_REDIS": redis, "RACE_PARTNER": partner}
        if self.name == "ours":
            told |= {
                "REDEEM_BROKER_URL": redis,
                "REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
                "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "key-of-the-benchmark",
                "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "1",
                "REDEEM_PARTNERS__SOVENDUS__BASE_URL": partner,
                "REDEEM_PARTNERS__UNIQODO__BASE_URL": partner,
            }
        return told


def _as_installed() -> tuple[str, ...]:
    """What the Procfile starts of Redeem but doors and pages."""
    lines = (ROOT / "Procfile").read_text().splitlines()
    named = dict(line.split(": ", 1) for line in lines if line and not line.startswith("#"))
    return tuple(command for name, command in named.items() if name not in ("web", "flower", "release"))


_HERE: Final = "benchmarks.contenders"
FIELD: Final = {
    one.name: one
    for one in (
        Contender(
            "ours",
            "Redeem",
            _as_installed(),
            "tried again when its lease is over (half a minute), marked as perhaps reported before",
            recorded=("XLEN", "redeem:outcomes"),
        ),
        Contender("bare", "threads and `requests`, no queue", (f"python -m {_HERE}.bare",), "lost, and nothing tells"),
        Contender(
            "celery_plain",
            "Celery as its docs say",
            (f"celery -A {_HERE}.celery_plain worker",),
            "what ran is lost; what was only fetched comes back after an hour",
        ),
        Contender(
            "celery_threads",
            "Celery, 64 threads, tuned by settings",
            (f"celery -A {_HERE}.celery_threads worker --without-gossip --without-mingle --without-heartbeat",),
            "as above",
        ),
        Contender(
            "rq",
            "RQ, 8 workers",
            ("rq worker-pool -n 8 -w rq.SimpleWorker -u $RACE_REDIS -q",),
            "listed as failed after some minutes, for a person to requeue",
        ),
        Contender(
            "dramatiq",
            "Dramatiq, 2 × 32 threads",
            (f"dramatiq -p 2 -t 32 {_HERE}.dramatiq",),
            "done again, after a minute at the earliest",
        ),
        Contender(
            "huey",
            "Huey, 64 threads",
            (f"huey_consumer {_HERE}.huey.queue -k thread -w 64",),
            "lost, and nothing tells",
        ),
        Contender(
            "arq",
            "arq",
            (f"arq {_HERE}.arq.WorkerSettings",),
            "done again, after five minutes",
            environment="arq",
        ),
        Contender(
            "taskiq",
            "taskiq, 2 × 32",
            (f"taskiq worker -w 2 --max-async-tasks 32 {_HERE}.taskiq:broker",),
            "done again, after ten minutes",
        ),
        Contender(
            "saq",
            "SAQ",
            (f"saq {_HERE}.saq.settings",),
            "swept after a minute and ended as aborted; done again where the job has retries",
        ),
        Contender(
            "stream",
            "asyncio and aiohttp on a stream",
            (f"python -m {_HERE}.stream",),
            "stays unacknowledged in the stream, and nobody looks",
        ),
    )
}
