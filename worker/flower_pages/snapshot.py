"""How things stand, looked at once for everybody who has one of our pages open."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final, NamedTuple

from tasks.ledger import Account, Ledger
from tasks.queue_lists import queue_lengths
from tasks.runtime import Runtime
from tasks.standing.append_only_file import AppendOnlyFile, disk_status
from tasks.standing.status import AccountStatus, gather
from tasks.standing.survey import Survey, survey

DAYS: Final = 14
"""So many days are plotted, today the last."""
_CHEAP: Final = 0.25  # seconds: a look that takes longer is rested from, so that it takes a fifth of the time at most
_DEAR: Final = 2.0  # seconds: where a look takes longer nobody waits for it who can be shown the last one
_REST: Final = 4  # times as long as it took
_STALE: Final = 30.0  # seconds after that rest: an older one is shown to nobody, however long a new one takes
_ALIVE_WITHIN: Final = 10_000  # ms since a worker's last sign of life


class Day(NamedTuple):
    """An account's day, in UTC."""

    date: date
    redeemed: int
    dead: int


@dataclass(frozen=True)
class Snapshot:
    """One look at everything."""

    now: datetime
    """The server's time."""
    survey: Survey
    rows: list[AccountStatus]
    days: Mapping[tuple[str, str], list[Day]]
    queues: Mapping[str, int | None]
    """Messages in each of our queues; None where something else has the queue's name."""
    in_hand: int
    """Messages that workers have taken and not finished."""
    workers: int
    paused_since: Mapping[tuple[str, str], datetime]
    append_only_file: AppendOnlyFile


def look(runtime: Runtime) -> Snapshot:
    """Ask Redis for all of it.

    Raises redis.RedisError.
    """
    ledger = runtime.ledger
    found = survey(ledger)
    rows = gather(runtime, found)
    now = ledger.now()
    accounts = [(row.partner, row.shop) for row in rows if row.partner]
    pipeline = ledger.redis.pipeline(transaction=False)
    for pair in accounts:
        pipeline.hget(ledger.key("account", Account(*pair).name), "paused_at")
    paused = {pair: int(at) for pair, at in zip(accounts, pipeline.execute(), strict=True) if at}
    return Snapshot(
        now=now,
        survey=found,
        rows=rows,
        days={pair: _days(ledger, Account(*pair), now.date()) for pair in accounts},
        queues=queue_lengths(ledger.redis),
        in_hand=_in_hand(ledger),
        workers=ledger.redis.zcount(ledger.key("consumers"), now.timestamp() * 1000 - _ALIVE_WITHIN, "+inf"),
        paused_since={pair: datetime.fromtimestamp(at / 1000, now.tzinfo) for pair, at in paused.items()},
        append_only_file=disk_status(ledger).file,
    )


def _days(ledger: Ledger, account: Account, today: date) -> list[Day]:
    dates = [today - timedelta(days=back) for back in reversed(range(DAYS))]
    fields = [f"{day.isoformat()}:{what}" for day in dates for what in ("redeemed", "presumed", "dead")]
    counts = [int(count or 0) for count in ledger.redis.hmget(ledger.key("daily", account.name), fields)]
    return [
        Day(day, redeemed + presumed, dead)
        for day, redeemed, presumed, dead in zip(dates, counts[::3], counts[1::3], counts[2::3], strict=True)
    ]


def _in_hand(ledger: Ledger) -> int:
    consumers = ledger.redis.zrange(ledger.key("consumers"), 0, -1)
    pipeline = ledger.redis.pipeline(transaction=False)
    for consumer in consumers:
        pipeline.hlen(ledger.key("taken", consumer))
    return sum(pipeline.execute())


class Snapshots:
    """The latest one, looked at again when it is too old; whoever asks meanwhile waits for the same look.

    For the event loop's thread only.
    """

    def __init__(self) -> None:
        self._latest: Snapshot | None = None
        self._took = 0.0  # seconds
        self._made_at = float("-inf")
        self._fit_until = float("-inf")
        self._looking: asyncio.Task[Snapshot] | None = None

    async def get(self, in_thread: Callable[[], Coroutine[Any, Any, Snapshot]], *, patience: float) -> Snapshot:
        """A snapshot `patience` seconds old at most, or older where making one takes long; `in_thread` makes one.

        Raises redis.RedisError.
        """
        rest = max(patience, _REST * self._took if self._took > _CHEAP else 0.0)
        if self._latest is not None and time.monotonic() < self._made_at + rest:
            return self._latest
        if self._looking is None:
            self._looking = asyncio.ensure_future(self._look(in_thread))
            self._looking.add_done_callback(_heard)
        if self._latest is not None and self._took > _DEAR and time.monotonic() < self._fit_until:
            return self._latest
        return await asyncio.shield(self._looking)

    def forget(self) -> None:
        """Something was changed: the next one who asks shall see it, unless looking takes too long for that."""
        self._looking, self._made_at = None, float("-inf")

    async def _look(self, in_thread: Callable[[], Coroutine[Any, Any, Snapshot]]) -> Snapshot:
        began, me = time.monotonic(), asyncio.current_task()
        found: Snapshot | None = None
        try:
            found = await in_thread()
            return found
        finally:
            if self._looking is me:  # nobody has changed anything since
                self._looking, self._latest = None, found  # none, where Redis is away: the next one hears of it
                self._made_at = time.monotonic()
                self._took = self._made_at - began
                self._fit_until = self._made_at + _REST * self._took + _STALE


def _heard(looked: asyncio.Task[Snapshot]) -> None:
    """Whoever waits is told of a failure; where nobody does, the next one who asks is."""
    if not looked.cancelled():
        looked.exception()
