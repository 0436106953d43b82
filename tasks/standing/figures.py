"""Everything that metrics tell, read from the ledger at one moment: what it counted, and how things stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.ledger import Account, Ledger
from tasks.queue_lists import queue_lengths
from tasks.runtime import Runtime
from tasks.standing.append_only_file import DiskStatus, disk_status
from tasks.standing.status import AccountStatus, gather
from tasks.standing.survey import Survey

_LAST_YES: Final = "last_yes_at"


@dataclass(frozen=True)
class Histogram:
    """Measurements in buckets, in seconds."""

    counts: Mapping[float, int]
    """Upper bound → how many lie between it and the bound below; the last bound is infinity."""
    total: float
    """The sum of all."""

    @classmethod
    def of(cls, measures: Mapping[str, str], what: str) -> Histogram:
        """Out of an account's `measures`, those of `what`, which the ledger keeps in milliseconds."""
        told = {name.partition(":")[2]: int(count) for name, count in measures.items() if name.startswith(f"{what}:")}
        total = told.pop("sum", 0) / 1000
        return cls({float(bound) / 1000: count for bound, count in told.items()}, total)


@dataclass(frozen=True)
class AccountFigures:
    """One account's: how it stands, what was counted since the beginning, and what was measured."""

    status: AccountStatus
    counts: Mapping[str, int]
    """As `counters.lua` names them: accepted, redeemed, died:<reason>:<code>, attempted:<outcome>, …"""
    calls: Histogram
    lags: Histogram


@dataclass(frozen=True)
class Figures:
    """All there is to tell."""

    accounts: list[AccountFigures]
    survey: Survey
    queues: Mapping[str, int]
    """Queue → messages that no worker has taken yet."""
    pages: Mapping[tuple[str, str], int]
    """Page and account → how often operators were told so."""
    memory: tuple[int, int]
    """Bytes that the server uses, and may use; 0 for no limit."""
    disk: DiskStatus
    now: datetime


def read_figures(runtime: Runtime, found: Survey) -> Figures:
    """The figures now; `found` is a survey made not long ago.

    Raises redis.RedisError.
    """
    ledger = runtime.ledger
    pipeline = ledger.redis.pipeline(transaction=False)
    pipeline.hgetall(ledger.key("pages"))
    pipeline.info("memory")
    pages, memory = pipeline.execute()
    return Figures(
        accounts=[_account(ledger, row) for row in gather(runtime, found)],
        survey=found,
        queues={name: length for name, length in queue_lengths(ledger.redis).items() if length is not None},
        pages={_page(name): int(count) for name, count in pages.items()},
        memory=(memory["used_memory"], memory["maxmemory"]),
        disk=disk_status(ledger),
        now=ledger.now(),
    )


def _account(ledger: Ledger, row: AccountStatus) -> AccountFigures:
    name = Account(row.partner, row.shop).name
    tally, measures = (
        ledger.redis.hgetall(ledger.key("tally", name)),
        ledger.redis.hgetall(ledger.key("measures", name)),
    )
    counts = {what: int(count) for what, count in tally.items() if what != _LAST_YES}
    return AccountFigures(row, counts, Histogram.of(measures, "call_ms"), Histogram.of(measures, "lag_ms"))


def _page(name: str) -> tuple[str, str]:
    page, _, account = name.partition("|")
    return page, account
