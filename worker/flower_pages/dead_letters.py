"""/dead-letters: what needs a person, how much money it is, and why; to be found, looked at, and chosen from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from tornado.web import authenticated

from tasks.dead_letters.advice import REASONS
from tasks.dead_letters.finding import Filters
from tasks.identity import UNROUTED
from tasks.ledger import Record
from worker.flower_pages import wording
from worker.flower_pages.asked import FIELDS, Asked
from worker.flower_pages.batches import Progress
from worker.flower_pages.current import CurrentPage
from worker.flower_pages.listing import Listing, Place, find_page
from worker.flower_pages.snapshot import Snapshot

_NOTHING: Final = Listing([], None)


@dataclass(frozen=True)
class Row:
    """A dead letter as the table tells it."""

    record: Record
    died: datetime | None
    age: str

    @property
    def has_partner(self) -> bool:
        """Whether it is one partner's: no bad message is, and no code that nobody's account could be found for."""
        return self.record.partner not in ("", UNROUTED)

    @property
    def code(self) -> str:
        """The partner's error code."""
        return self.record.fields.get("error_code", "")

    @property
    def text(self) -> str:
        """Why it is dead, in the partner's words or ours."""
        return self.record.fields.get("error_message", "")

    @property
    def currency(self) -> str:
        """Of its value."""
        return self.record.fields.get("currency", "")

    @property
    def value(self) -> str:
        """The order's value with its currency; empty where there is none."""
        return wording.money(self.record.order_value, self.currency)

    @property
    def counts(self) -> bool:
        """Whether its value is money: a test's is not."""
        return self.record.order_value is not None and not self.record.test


class DeadLetters(CurrentPage):
    """The list."""

    @authenticated
    async def get(self) -> None:
        """A page of letters, newest first."""
        snapshot = await self.snapshot()
        asked = Asked.read(self.query(), snapshot.now)
        after = Place.read(self.get_query_argument("after", "", strip=False) or "")
        listing = _NOTHING if asked.wrong else await self.in_thread(find_page, self.ledger, asked.filters, after)
        self.show(
            "dead_letters.html",
            asked=asked,
            snapshot=snapshot,
            rows=[row_of(record, snapshot.now) for record in listing.records],
            searching=listing.searching,
            older=listing.older and self.link("dead-letters", **asked.written, after=listing.older.write()),
            newest=after and self.link("dead-letters", **asked.written),
            matching=matching(asked.filters, snapshot),
            options=options(snapshot, asked.written),
            running=[one for one in self.batches.latest() if one.progress is Progress.RUNNING],
        )

    def query(self) -> dict[str, str]:
        """The filters in the URL."""
        return {name: self.get_query_argument(name, "") or "" for name in FIELDS}


def row_of(record: Record, now: datetime) -> Row:
    """The record as a row of the table."""
    died = record.moment("died_at")
    return Row(record, died, wording.age(died, now))


def matching(filters: Filters, snapshot: Snapshot) -> int | None:
    """How many letters match, where a survey tells; None where only looking at each of them would."""
    if filters.since or filters.until or filters.order or filters.code:
        return None
    return sum(
        pile.count
        for cause, pile in snapshot.survey.causes.items()
        if filters.partner in (None, cause.partner)
        and filters.shop in (None, cause.shop)
        and filters.reason in (None, cause.reason)
        and filters.error_code in (None, cause.error_code)
    )


def options(snapshot: Snapshot, written: Mapping[str, str]) -> dict[str, list[str]]:
    """What can be chosen in the filters' lists; what was asked for is among it."""
    rows = [(row.partner, row.shop) for row in snapshot.rows]
    found = {
        "partner": {partner for partner, _ in rows if partner not in ("", UNROUTED)},
        "shop": {shop for _, shop in rows if shop},
        "reason": set(REASONS) | {reason for reason in snapshot.survey.reasons if reason},
    }
    return {name: sorted(known | ({written[name]} if name in written else set())) for name, known in found.items()}
