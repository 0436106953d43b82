"""A page of dead letters, the newest first, from anywhere among a hundred thousand."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Self

from tasks.dead_letters import Filters, find_dead
from tasks.ledger import Ledger, Record

PAGE: Final = 50
_HALF_A_MILLISECOND: Final = timedelta(microseconds=500)


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


def find_page(ledger: Ledger, filters: Filters, after: Place | None, size: int = PAGE) -> Listing:
    """The next `size` letters that match, older than the place.

    Raises redis.RedisError.
    """
    if after is not None:
        # Moments are read as floats on the way: half a millisecond more takes the whole of the last one in.
        last = datetime.fromtimestamp(after.died_at / 1000, UTC) + _HALF_A_MILLISECOND
        filters = replace(filters, until=min(filters.until or last, last))
    records: list[Record] = []
    for record in find_dead(ledger, filters, newest_first=True):
        if after is not None and _place(record) >= after:
            continue  # the same millisecond, and told already: there the greatest id is first
        if len(records) == size:
            return Listing(records, _place(records[-1]))
        records.append(record)
    return Listing(records, None)


def _place(record: Record) -> Place:
    return Place(int(record.fields.get("died_at", "0")), record.id)
