"""What takes long over a hundred thousand dead letters is done seldom enough to take a small share of the time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")

_SHARE: Final = 20  # what took a second is used for twenty


class Spared(Generic[T]):
    """The result of `work`, used again for twenty times as long as it took."""

    def __init__(self, work: Callable[[], T], *, clock: Callable[[], float] = time.monotonic) -> None:
        self._work = work
        self._clock = clock
        self._result: tuple[T, float] | None = None  # and until when it is used

    def get(self) -> T:
        """The result; raises what `work` raises."""
        if self._result is None or self._clock() >= self._result[1]:
            began = self._clock()
            found = self._work()
            ended = self._clock()
            self._result = found, ended + _SHARE * (ended - began)
        return self._result[0]
