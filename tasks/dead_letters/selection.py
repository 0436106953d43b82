"""Which dead letters a person means, and what acting on them is about: how many, why they are dead, how much money."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from tasks.dead_letters.finding import NEEDED, Filters, find_dead
from tasks.ledger import Ledger, Record, State
from tasks.standing.order_values import Money

_MOST_NAMED: Final = 20


@dataclass(frozen=True)
class Selection:
    """Which dead letters: those of these ids, in this order, or without ids all that exist; of them those that the
    filters match.

    ValueError without ids and filters, unless `every` says that all are meant: what is missing never means everything.
    """

    filters: Filters = field(default_factory=Filters)
    ids: tuple[str, ...] = ()
    every: bool = False

    def __post_init__(self) -> None:
        if not (self.ids or self.every or self.filters != Filters()):
            raise ValueError("selects nothing: give ids or filters, or say every")

    def find(self, ledger: Ledger) -> Iterator[Record]:
        """The letters, oldest first where no ids are given, with the fields that `Filters`, `Money` and tables need.

        Raises redis.RedisError.
        """
        if not self.ids:
            yield from find_dead(ledger, self.filters, NEEDED)
            return
        for record in ledger.find_all(self.ids):
            if record.state is State.DEAD and self.filters.match(record):
                yield record

    def as_of(self, moment: datetime) -> Selection:
        """The same, without what dies after that moment: who was asked then does not mean it. Ids stay."""
        until = min(self.filters.until or moment, moment)
        return self if self.ids else replace(self, filters=replace(self.filters, until=until))

    def describe(self) -> str:
        """In words, for the audit trail: without personal data, and of bounded length."""
        if not self.ids:
            return self.filters.describe()
        more = len(self.ids) - _MOST_NAMED
        return ", ".join(self.ids[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")


@dataclass
class Preview:
    """What acting on a selection would be about."""

    reasons: Counter[str] = field(default_factory=Counter)
    money: Money = field(default_factory=Money)

    @property
    def count(self) -> int:
        """How many letters."""
        return self.reasons.total()


def preview(ledger: Ledger, selection: Selection) -> Preview:
    """Count a selection, by reason, and its money, each order once.

    Raises redis.RedisError.
    """
    found = Preview()
    for record in selection.find(ledger):
        found.reasons[record.reason or ""] += 1
        found.money.add(record)
    return found
