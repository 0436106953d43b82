"""The relay: takes batches while there are any, looks at open rows in between, and waits out whatever is away."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

import structlog

from tasks.persistence import UNAVAILABLE
from worker.relay.database import Database
from worker.relay.errors import DatabaseAway
from worker.relay.journaling import Door
from worker.relay.listening import Doorbell
from worker.relay.outage import Outage
from worker.relay.stopping import Stop
from worker.relay.sweeping import Rounds
from worker.relay.table import OPEN
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
    """`batch` rows at a time; `every` seconds between two looks for new ones."""

    database: Database
    door: Door
    batch: int = 100
    every: float = 1.0

    def once(self) -> Summary:
        """Relay all that waits, and write back what is settled by now.

        Raises DatabaseError and redis.RedisError; what was done until then stays done, and calling again is right.
        """
        self.database.check()
        summary = Summary()
        full = True
        while full:
            taken = self._take()
            summary.relayed += len(taken.rows) - len(taken.refused)
            summary.refused += len(taken.refused)
            full = len(taken.rows) == self.batch
        for state in OPEN:
            page = self._look(look(self.database, self.door, state, after=None), summary)
            while page.last is not None:
                page = self._look(look(self.database, self.door, state, after=page.last), summary)
        return summary

    def run(self, stop: Stop) -> None:
        """Go on until `stop`; what is away is waited for.

        Raises Unusable, WrongDatabase, and what Redis never does either.
        """
        outage, rounds, doorbell = Outage(), Rounds(time.monotonic), Doorbell(self.database, stop)
        checked = False
        while not stop.is_set:
            try:
                if not checked:
                    self.database.check()
                    log.info("relay.started", database=self.database.name, batch=self.batch)
                    checked = True
                pause = self._round(rounds)
            except UNAVAILABLE as error:
                stop.wait(outage.goes_on("broker", str(error)))
            except DatabaseAway as error:
                self.database.close()
                stop.wait(outage.goes_on("database", str(error)))
            else:
                outage.is_over()
                doorbell.wait(pause)
        doorbell.close()
        log.info("relay.stopped")

    def _round(self, rounds: Rounds) -> float:
        """One batch and one page; returns the seconds until there may be more to do."""
        full = len(self._take().rows) == self.batch
        sweep = rounds.next()
        if sweep is not None:
            began = time.monotonic()
            page = look(self.database, self.door, sweep.state, after=sweep.after, newest=sweep.newest)
            self._look(page)
            rounds.looked(sweep, page.last, time.monotonic() - began)
        return 0.0 if full else min(self.every, rounds.seconds_left())

    def _take(self) -> Taken:
        began = time.monotonic()
        taken = take(self.database, self.door, self.batch)
        if taken.rows:
            refused = {"refused": len(taken.refused), "rows": [*taken.refused[:_NAMED]]} if taken.refused else {}
            tell = log.warning if refused else log.info
            relayed, ms = len(taken.rows) - len(taken.refused), round((time.monotonic() - began) * 1000)
            tell("relay.batch", relayed=relayed, first=min(taken.rows), last=max(taken.rows), ms=ms, **refused)
        return taken

    def _look(self, page: Looked, summary: Summary | None = None) -> Looked:
        if page.healed:
            log.warning("relay.healed", rows=page.healed, why="the ledger did not know them")
        if page.updated:
            log.info("relay.written_back", rows=page.updated)
        if summary is not None:
            summary.written_back += page.updated
            summary.states.update(page.states)
        return page
