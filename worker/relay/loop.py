"""The relay that goes on: batches while there are any, pages of open rows in between, patience with what is away."""

from __future__ import annotations

import time
from typing import Final

import structlog

from tasks.persistence import UNAVAILABLE
from worker.relay.errors import DatabaseAway
from worker.relay.listening import Doorbell
from worker.relay.outage import Outage
from worker.relay.relay import Relay
from worker.relay.stopping import Stop
from worker.relay.sweeping import Rounds

_SLOWEST: Final = 1.0  # seconds between two looks at the newest open rows, however seldom new ones are looked for

log = structlog.get_logger("redeem.relay")


def run(relay: Relay, stop: Stop, *, every: float) -> None:
    """Relay until `stop`, looking for new rows every `every` seconds; what is away is waited for.

    Raises Unusable, WrongDatabase, and the redis.RedisErrors that do not pass by themselves.
    """
    doorbell, outage, shift = Doorbell(relay.database, stop), Outage(), _Shift(relay, every)
    try:
        while not stop.is_set:
            try:
                pause = shift.work()
            except UNAVAILABLE as error:
                stop.wait(outage.goes_on("broker", str(error)))
            except DatabaseAway as error:
                relay.database.close()
                stop.wait(outage.goes_on("database", str(error)))
            else:
                outage.is_over()
                if pause > 0 and doorbell.wait(pause):
                    shift.rang()
    finally:
        doorbell.close()
    log.info("relay.stopped")


class _Shift:
    """What is done when."""

    def __init__(self, relay: Relay, every: float) -> None:
        self._relay = relay
        self._every = every
        self._rounds = Rounds(min(every, _SLOWEST), time.monotonic)
        self._look_at = 0.0
        self._began = False

    def rang(self) -> None:
        """A row may have come."""
        self._look_at = 0.0

    def work(self) -> float:
        """One batch and one page, where they are due; returns the seconds until there may be more to do."""
        if not self._began:
            self._relay.database.check()
            log.info("relay.started", database=self._relay.database.name, batch=self._relay.batch)
            self._began = True
        if self._look_at <= time.monotonic():
            is_full = len(self._relay.take().rows) == self._relay.batch
            self._look_at = 0.0 if is_full else time.monotonic() + self._every
        sweep = self._rounds.next()
        if sweep is not None:
            began = time.monotonic()
            page = self._relay.look(sweep.state, after=sweep.after, newest=sweep.newest)
            self._rounds.looked(sweep, page.last, time.monotonic() - began)
        return min(self._look_at - time.monotonic(), self._rounds.seconds_left())
