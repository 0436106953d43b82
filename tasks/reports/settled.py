"""What was settled in a period: read from the outcome stream page by page, however many there are.

A redemption is told once, by its latest outcome: a dead letter that was replayed is what it became. Test orders are
left out. What comes about while this reads is not told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from tasks.ledger import Ledger, Record, State

REPORTED: Final = (State.REDEEMED, State.PRESUMED)
"""Where the partner has it, as far as we know."""
SETTLED: Final = (*REPORTED, State.DEAD, State.DISCARDED)


@dataclass(frozen=True)
class Selection:
    """Which outcomes; an empty field does not filter. Bounds are aware: `since` and later, before `until`."""

    since: datetime | None = None
    until: datetime | None = None
    partner: str | None = None
    shop: str | None = None
    states: tuple[State, ...] = SETTLED

    def to_json(self) -> dict[str, Any]:
        """As the ledger's script reads it."""
        wanted = {
            "since": _milliseconds(self.since),
            "until": _milliseconds(self.until),
            "partner": self.partner,
            "shop": self.shop,
        }
        given = {name: value for name, value in wanted.items() if value is not None}
        return given | {"states": {state.value: True for state in self.states}}


def settled(ledger: Ledger, selection: Selection) -> Iterator[Record]:
    """Outcomes, in the order in which they came about; `moment("at")` of each is when that was.

    Each record has what its redemption had then, without personal data. Raises redis.RedisError.
    """
    return ledger.report(selection.to_json())


def _milliseconds(moment: datetime | None) -> int | None:
    return None if moment is None else round(moment.timestamp() * 1000)
