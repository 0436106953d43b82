"""A page of dead letters, the newest first, from anywhere among a hundred thousand.

Most filters are answered by the letters' ids alone; only what they cannot tell is fetched. A search for what is rare
ends after a while with what it has found, and says where it got to.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, NamedTuple, Self

from tasks.dead_letters.finding import NEEDED, Filters
from tasks.identity import TEST_PREFIX, account_parts
from tasks.ledger import Ledger, Record, State

PAGE: Final = 50
_READ_FIRST: Final = 500
_READ_AT_ONCE: Final = 4000  # once it is clear that what is looked for is rare
_PATIENCE: Final = 1.5  # seconds of searching


class Place(NamedTuple):
    """Where a page ends: the last letter's time of death in ms, and its id."""

    died_at: int
    id: str

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From a URL; None where it is none."""
        found = re.fullmatch(r"(\d{1,15})~(.{1,3000})", text, re.DOTALL)
        return cls(int(found[1]), found[2]) if found else None

    def write(self) -> str:
        """For a URL."""
        return f"{self.died_at}~{self.id}"


@dataclass(frozen=True)
class Listing:
    """Some letters, and where the older ones begin, if there are any."""

    records: list[Record]
    older: Place | None
    searching: bool = False
    """Whether it ended for lack of time: among the older ones there may be more that match."""


def find_page(
    ledger: Ledger, filters: Filters, after: Place | None, size: int = PAGE, *, patience: float = _PATIENCE
) -> Listing:
    """The next `size` letters that match, older than the place; fewer where `patience` seconds do not suffice.

    Raises redis.RedisError.
    """
    until = time.monotonic() + patience
    records: list[Record] = []
    for places in _places(ledger, filters, after):
        for record in _matching(ledger, filters, places, size + 1 - len(records)):
            if len(records) == size:
                return Listing(records, _place(records[-1]))
            records.append(record)
        if time.monotonic() > until:
            return Listing(records, places[-1], searching=True)
    return Listing(records, None)


def _places(ledger: Ledger, filters: Filters, after: Place | None) -> Iterator[list[Place]]:
    """All letters of the filters' time that are older than the place, page by page."""
    key, read, limit = ledger.key("dead"), ledger.redis, _READ_FIRST
    rank = read.zcount(key, f"({filters.until.timestamp() * 1000}", "+inf") if filters.until else 0
    while True:
        if after is not None:  # somebody may have dealt with letters meanwhile, that one among them
            found = read.zrevrank(key, after.id)
            rank = max(rank, read.zcount(key, f"({after.died_at}", "+inf") if found is None else found + 1)
        page = read.zrange(key, rank, rank + limit - 1, desc=True, withscores=True)
        places = [Place(int(score), str(member)) for member, score in page]
        in_time = [
            place
            for place in places
            if (after is None or place < after)
            and (filters.since is None or place.died_at >= filters.since.timestamp() * 1000)
        ]
        if in_time:
            yield in_time
        if len(places) < limit or places[-1] not in in_time:
            return
        after, rank, limit = places[-1], 0, _READ_AT_ONCE


def _matching(ledger: Ledger, filters: Filters, places: list[Place], wanted: int) -> list[Record]:
    """The first so many that match, with all their fields."""
    ids = [place.id for place in places if may_match(place.id, filters)]
    if not filters.narrow:
        ids = ids[:wanted]
    elif not _told_by_ids(filters):
        looked_at = ledger.find_all(ids, NEEDED)
        ids = [record.id for record in looked_at if filters.match(record)][:wanted]
    found: list[Record] = []
    for start in range(0, len(ids), wanted):
        if len(found) >= wanted:
            break
        records = ledger.find_all(ids[start : start + wanted])
        found += [record for record in records if record.state is State.DEAD and filters.match(record)]
    return found[:wanted]


def may_match(letter_id: str, filters: Filters) -> bool:
    """Whether an id leaves it open that the filters match: what it says of partner, shop, order and code is so."""
    parts = letter_id.removeprefix(TEST_PREFIX).split(":")
    if len(parts) != 4:  # noqa: PLR2004 - a redemption's; a bad message's id says nothing
        return True
    (partner, shop), (order, code) = account_parts(":".join(parts[:2])), account_parts(":".join(parts[2:]))
    wanted = (
        (filters.partner, partner),
        (filters.shop, shop),
        (filters.order, order),
        (filters.code and filters.code.strip().upper(), code),
    )
    return all(want is None or want == has for want, has in wanted)


def _told_by_ids(filters: Filters) -> bool:
    """Whether few letters are left once the ids have been asked."""
    return filters.order is not None or filters.code is not None


def _place(record: Record) -> Place:
    return Place(int(record.fields.get("died_at", "0")), record.id)
