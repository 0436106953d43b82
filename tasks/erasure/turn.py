"""One erasure at a time, and none that was interrupted forgotten.

The turn is a key that expires, for whoever holds it may be killed. What was begun is noted beside it until it is
finished, so that the next erasure knows that the audit trail lacks an entry, and the disk still holds what went.
"""

from __future__ import annotations

import contextlib
import time
import uuid
from collections.abc import Iterator
from typing import Final

from tasks import audit
from tasks.ledger import Ledger

TURN: Final = 20.0
"""Seconds without news after which the turn is another's."""
_POLL: Final = 0.2


class NotNow(Exception):  # noqa: N818 - named by what happened, as operators say it
    """Another erasure is under way; the text says so."""


class Turn:
    """The right to erase. `interrupted` says whether one before was not finished."""

    def __init__(self, ledger: Ledger, token: str) -> None:
        self.token = token
        self.interrupted = False
        self._ledger = ledger
        self._renewed_at = time.monotonic()

    def renew(self) -> None:
        """Say that it goes on; cheap to call often.

        Raises NotNow where the turn is another's by now, and redis.RedisError.
        """
        if time.monotonic() - self._renewed_at < TURN / 10:
            return
        if self._ledger.redis.get(self._ledger.key("erasing")) != self.token:
            self.lost()
        self._ledger.redis.pexpire(self._ledger.key("erasing"), round(TURN * 1000))
        self._renewed_at = time.monotonic()

    def lost(self) -> None:
        """Raise NotNow."""
        raise NotNow("this erasure stood still for too long, and another one has begun: run it again")

    def note(self, done: int) -> None:
        """So many things have been erased."""
        self._ledger.redis.hincrby(self._ledger.key("erasure"), "count", done)


@contextlib.contextmanager
def turn(ledger: Ledger, kinds: str, who: str, *, patience: float) -> Iterator[Turn]:
    """Take the turn, waiting for `patience` seconds at most; what an interrupted erasure did is put into the audit.

    Raises NotNow and redis.RedisError.
    """
    mine, until = Turn(ledger, uuid.uuid4().hex), time.monotonic() + patience
    while not ledger.redis.set(ledger.key("erasing"), mine.token, nx=True, px=round(TURN * 1000)):
        if time.monotonic() > until:
            raise NotNow(f"another erasure is under way, or was killed less than {TURN:.0f} s ago: try again then")
        time.sleep(_POLL)
    key = ledger.key("erasure")
    if left := ledger.redis.hgetall(key):
        mine.interrupted = True
        what = f"{left.get('kinds', '')}, interrupted"
        audit.record(ledger, "erase", count=int(left.get("count", 0)), what=what, who=left.get("who"))
    ledger.redis.delete(key)
    ledger.redis.hset(key, mapping={"kinds": kinds, "who": who})
    try:
        yield mine
    finally:
        if ledger.redis.get(ledger.key("erasing")) == mine.token:
            ledger.redis.delete(ledger.key("erasing"))
    ledger.redis.delete(key)
