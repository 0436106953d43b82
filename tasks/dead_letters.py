"""The dead letters: found by filters, or closed for good. Nothing here drops one by age or number."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tasks.audit import operator
from tasks.ledger import Ledger, Record, State
from tasks.runtime import Runtime

_PAGE: Final = 500


@dataclass(frozen=True)
class Filters:
    """Which dead letters; an empty field does not filter. Times are when they died; `code` in any spelling."""

    partner: str | None = None
    shop: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: str | None = None
    code: str | None = None

    def match(self, record: Record) -> bool:
        """Whether the record is meant, its time aside."""
        wanted = (
            (self.partner, record.partner),
            (self.shop, record.shop),
            (self.reason, record.reason),
            (self.order, record.order_id),
            (self.code and self.code.strip().upper(), record.code.upper()),
        )
        return all(want is None or want == has for want, has in wanted)

    def describe(self) -> str:
        """The filters in words, for the audit trail."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "all"


class Refused(Exception):  # noqa: N818 - named by what happened, as operators say it
    """A replay or discard that cannot be done; the text says why."""


def find_dead(ledger: Ledger, filters: Filters, fields: Sequence[str] = ()) -> Iterator[Record]:
    """Matching dead letters, oldest first, fetched page by page; with `fields` only, if given.

    One that is replayed or discarded while this runs is passed over, or told of once; never twice, even if it dies
    again meanwhile: replaying all of them comes to an end.
    """
    lowest: float | str = filters.since.timestamp() * 1000 if filters.since else "-inf"
    highest: float | str = filters.until.timestamp() * 1000 if filters.until else "+inf"
    seen: set[str] = set()
    told: set[str] = set()
    while True:
        page = ledger.redis.zrange(
            ledger.key("dead"), lowest, highest, byscore=True, offset=0, num=_PAGE + len(seen), withscores=True
        )
        fresh = [(str(member), score) for member, score in page if str(member) not in seen]
        if not fresh:
            return
        for record in ledger.find_all((member for member, _ in fresh), fields):
            if record.state is State.DEAD and record.id not in told and filters.match(record):
                told.add(record.id)
                yield record
        # The next page begins at this one's last millisecond, whose letters have been seen.
        lowest = fresh[-1][1]
        seen = {str(member) for member, score in page if score == lowest}


def discard(runtime: Runtime, record: Record, *, by: str | None = None) -> None:
    """Close one dead letter for good; `by` is whoever runs this, unless given.

    Raises Refused where it is none any more, and redis.RedisError.
    """
    if not runtime.ledger.discard(record.id, {"outcome": "discarded", "by": by or operator()}):
        raise Refused("no longer a dead letter")
