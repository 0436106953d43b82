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

NEEDED: Final = (
    "state", "partner", "shop", "reason", "error_code", "order_id", "code", "order_value", "currency", "test", "raw_as",
    "died_at",
)  # fmt: skip
"""The fields that filters look at, and that letters are counted by."""


@dataclass(frozen=True)
class Filters:
    """Which dead letters; an empty field does not filter.

    Times are when they died; `code` in any spelling; `error_code` is the partner's.
    """

    partner: str | None = None
    shop: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: str | None = None
    code: str | None = None
    error_code: str | None = None

    @property
    def narrow(self) -> bool:
        """Whether more than the time is asked for."""
        return any((self.partner, self.shop, self.reason, self.order, self.code, self.error_code))

    def match(self, record: Record) -> bool:
        """Whether the record is meant, its time aside."""
        wanted = (
            (self.partner, record.partner),
            (self.shop and self.shop.lower(), record.shop.lower()),
            (self.reason, record.reason),
            (self.order, record.order_id),
            (self.code and self.code.strip().upper(), record.code.upper()),
            (self.error_code, record.fields.get("error_code", "")),
        )
        return all(want is None or want == has for want, has in wanted)

    def describe(self) -> str:
        """The filters in words, for the audit trail."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "all"


class Refused(Exception):  # noqa: N818 - named by what happened, as operators say it
    """A replay or discard that cannot be done; the text says why."""


def find_dead(
    ledger: Ledger, filters: Filters, fields: Sequence[str] = (), *, newest_first: bool = False
) -> Iterator[Record]:
    """Matching dead letters, oldest first or newest first, fetched page by page; with `fields` only, if given.

    Those of one millisecond are in the order of their ids, and stay in it: which of them was first, nobody could tell.
    Of the fields `NEEDED` must be part. What dies while this runs is not told of, so that replaying all of them comes
    to an end although some die again; what is replayed or discarded meanwhile is passed over, or told of once.

    Raises redis.RedisError.
    """
    # Most letters may not match, and whole records hold their histories: those are fetched of what does.
    looked_at = fields or (NEEDED if filters.narrow else ())
    for ids in _pages(ledger, filters, newest_first=newest_first):
        found = [one for one in ledger.find_all(ids, looked_at) if one.state is State.DEAD and filters.match(one)]
        if looked_at == fields:
            yield from found
        else:
            yield from (one for one in ledger.find_all(one.id for one in found) if one.state is State.DEAD)


def count_dead(ledger: Ledger, filters: Filters) -> int:
    """How many letters match.

    Raises redis.RedisError.
    """
    if filters.narrow:
        return sum(1 for _ in find_dead(ledger, filters, NEEDED))
    lowest, highest = _moments(ledger, filters)
    return int(ledger.redis.zcount(ledger.key("dead"), lowest, highest))


def _pages(ledger: Ledger, filters: Filters, *, newest_first: bool) -> Iterator[list[str]]:
    """The ids of all that died in the filters' time, each once."""
    lowest, highest = _moments(ledger, filters)
    seen: set[str] = set()
    while True:
        bounds = (highest, lowest) if newest_first else (lowest, highest)
        page = ledger.redis.zrange(
            ledger.key("dead"),
            *bounds,
            desc=newest_first,
            byscore=True,
            offset=0,
            num=_PAGE + len(seen),
            withscores=True,
        )
        fresh = [(str(member), score) for member, score in page if str(member) not in seen]
        if not fresh:
            return
        yield [member for member, _ in fresh]
        # The next page begins at this one's last millisecond, whose letters have been seen.
        last = fresh[-1][1]
        lowest, highest = (lowest, last) if newest_first else (last, highest)
        seen = {str(member) for member, score in page if score == last}


def _moments(ledger: Ledger, filters: Filters) -> tuple[float | str, float]:
    """The first and the last millisecond of the filters' time, which ends now."""
    now = ledger.now()
    last = min(filters.until, now) if filters.until else now
    return filters.since.timestamp() * 1000 if filters.since else "-inf", last.timestamp() * 1000


def discard(runtime: Runtime, record: Record, *, by: str | None = None) -> None:
    """Close one dead letter for good; `by` is whoever runs this, unless given.

    Raises Refused where it is none any more, and redis.RedisError.
    """
    if not runtime.ledger.discard(record.id, {"outcome": "discarded", "by": by or operator()}):
        raise Refused("no longer a dead letter")
