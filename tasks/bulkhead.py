"""A bulkhead between partners: one that hangs takes most of a worker's threads, never all of them.

Until an account's breaker opens, every call to a partner that hangs holds a thread for the whole call timeout. So
each partner has fewer places than there are threads. While its calls come and go, who finds them taken waits a moment;
when none has begun or ended for a while the partner hangs, and what is meant for it is better put off.
"""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

_STILL: Final = 1.0  # seconds without any call's beginning or end that count as hanging


def places_for(threads: int) -> int:
    """How many of a worker's threads one partner may take: three quarters, at least one."""
    return max(1, threads * 3 // 4)


class Bulkhead:
    """One partner's places in this process. Safe to share between threads."""

    def __init__(self, places: int, still: float = _STILL) -> None:
        self._free = places
        self._still = still
        self._changed = threading.Condition()
        self._changed_at = time.monotonic()

    @contextmanager
    def place(self) -> Iterator[bool]:
        """Take a place for the time of the block: False where there is none, since all calls hang."""
        taken = self._take()
        try:
            yield taken
        finally:
            if taken:
                self._give_back()

    def _take(self) -> bool:
        with self._changed:
            while not self._free:
                patience = self._changed_at + self._still - time.monotonic()
                if patience <= 0:
                    return False
                self._changed.wait(patience)
            self._free -= 1
            self._changed_at = time.monotonic()
            return True

    def _give_back(self) -> None:
        with self._changed:
            self._free += 1
            self._changed_at = time.monotonic()
            self._changed.notify()
