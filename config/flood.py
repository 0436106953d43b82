"""The first of its kind at once, then one in a while with the number that it stands for: a mistake that every task
makes is one issue, not a hundred thousand envelopes.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass


@dataclass
class _Kind:
    told_at: float
    held_back: int = 0


class FloodGate:
    """Lets one of a kind through every `every` seconds, by a clock that is never set. Safe to share between threads.

    It remembers `kinds` kinds; beyond that the one told longest ago is forgotten, and told again when it comes.
    """

    def __init__(self, every: float, *, kinds: int = 1000, clock: Callable[[], float] = time.monotonic) -> None:
        self._every = every
        self._most = kinds
        self._clock = clock
        self._lock = threading.Lock()
        self._kinds: dict[Hashable, _Kind] = {}

    def admit(self, kind: Hashable) -> int | None:
        """How many of the kind this one stands for: itself and those held back before it. None: hold it back."""
        with self._lock:
            now = self._clock()
            known = self._kinds.get(kind)
            if known is not None and now - known.told_at < self._every:
                known.held_back += 1
                return None
            self._kinds.pop(kind, None)  # to the end: the order is that of telling
            self._kinds[kind] = _Kind(now)
            if len(self._kinds) > self._most:
                del self._kinds[next(iter(self._kinds))]
            return 1 + (known.held_back if known else 0)
