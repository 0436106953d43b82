"""How fast each shop may send orders: a token bucket a shop, in this process."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

_BURST: Final = 10.0
"""Seconds' worth of orders that may come at once."""
_ONE: Final = 1.0 - 1e-6  # as near to one as sums of fractions come


@dataclass
class Bucket:
    """Holds at most `capacity` tokens and gets `rate` of them a second. Pure: who asks says what time it is."""

    rate: float
    capacity: float
    level: float
    filled_at: float

    def wait(self, now: float) -> float:
        """Seconds until one is in it; 0 where one is. `now`: seconds of a clock that never goes back."""
        self._fill(now)
        return 0.0 if self.level >= _ONE else (1.0 - self.level) / self.rate

    def take(self, count: float, now: float) -> None:
        """Take so many out, into debt if need be: however large a batch is, it gets through some time."""
        self._fill(now)
        self.level -= count

    def _fill(self, now: float) -> None:
        self.level = min(self.capacity, self.level + (now - self.filled_at) * self.rate)
        self.filled_at = now


class Rates:
    """A bucket for each shop, which holds ten seconds' worth of orders. For the event loop's thread.

    A rate of 0 is no limit.
    """

    def __init__(self, orders_per_second: float) -> None:
        self._rate = orders_per_second
        self._buckets: dict[str, Bucket] = {}

    def wait(self, shop: str, now: float) -> int:
        """Whole seconds after which the shop may send again; 0 where it may now."""
        return math.ceil(self._bucket(shop, now).wait(now)) if self._rate else 0

    def take(self, shop: str, count: int, now: float) -> None:
        """Count so many orders of the shop."""
        if self._rate:
            self._bucket(shop, now).take(count, now)

    def _bucket(self, shop: str, now: float) -> Bucket:
        capacity = max(1.0, self._rate * _BURST)
        return self._buckets.setdefault(shop, Bucket(self._rate, capacity, capacity, now))
