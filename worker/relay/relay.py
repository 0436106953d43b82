"""The relay's steps: a batch into the ledger, a page of open rows looked at. Each says in the log what it did."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog

from worker.relay.database import Database
from worker.relay.journaling import Door
from worker.relay.table import OPEN, RowState
from worker.relay.taking import Taken, take
from worker.relay.writing_back import Looked, look

_NAMED: Final = 5  # refused rows that a line of the log names

log = structlog.get_logger("redeem.relay")


@dataclass
class Summary:
    """What one run did: rows by what became of them."""

    relayed: int = 0
    refused: int = 0
    written_back: int = 0
    states: dict[int, str] = field(default_factory=dict)
    """Of each row that was looked at, by its id."""

    @property
    def open(self) -> dict[str, int]:
        """How many rows are not done, by their state."""
        return dict(Counter(state for state in self.states.values() if state in OPEN))


@dataclass(frozen=True)
class Relay:
    """`batch` is the most rows that it takes at a time."""

    database: Database
    door: Door
    batch: int = 100

    def once(self) -> Summary:
        """Relay all that waits, and write back what is settled by now.

        Raises DatabaseError and redis.RedisError; what was done until then stays done, and calling again is right.
        """
        self.database.check()
        summary = Summary()
        full = True
        while full:
            taken = self.take()
            summary.relayed += len(taken.rows) - len(taken.refused)
            summary.refused += len(taken.refused)
            full = len(taken.rows) == self.batch
        for state in OPEN:
            page = self._looked(state, None, summary)
            while page.last is not None:
                page = self._looked(state, page.last, summary)
        return summary

    def take(self) -> Taken:
        """Relay one batch; raises as `once`."""
        began = time.monotonic()
        taken = take(self.database, self.door, self.batch)
        if taken.rows:
            refused = {"refused": len(taken.refused), "rows": [*taken.refused[:_NAMED]]} if taken.refused else {}
            tell = log.warning if refused else log.info
            relayed, ms = len(taken.rows) - len(taken.refused), round((time.monotonic() - began) * 1000)
            tell("relay.batch", relayed=relayed, first=min(taken.rows), last=max(taken.rows), ms=ms, **refused)
        return taken

    def look(self, state: RowState, *, after: int | None = None, newest: bool = False) -> Looked:
        """Look at one page, as `writing_back.look` does; raises as `once`."""
        page = look(self.database, self.door, state, after=after, newest=newest)
        if page.healed:
            log.warning("relay.healed", rows=page.healed, why="the ledger did not know them")
        if page.updated:
            log.info("relay.written_back", rows=page.updated)
        return page

    def _looked(self, state: RowState, after: int | None, summary: Summary) -> Looked:
        page = self.look(state, after=after)
        summary.written_back += page.updated
        summary.states.update(page.states)
        return page
