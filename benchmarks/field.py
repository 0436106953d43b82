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


FIELD: Final = {
    one.name: one
    for one in (
        Contender("ours", "Redeem", _as_installed(), recorded=("XLEN", "redeem:outcomes")),
        Contender("bare", "threads and `requests`, no queue", ("python -m benchmarks.contenders.bare",)),
    )
}
