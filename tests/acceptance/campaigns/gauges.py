"""What a long campaign watches: a process's memory over time, and how much a backlog's order was kept."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, Final, Self

import psutil

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_EVERY: Final = 1.0  # seconds
_MEGABYTE: Final = 1024 * 1024


class ResidentMemory:
    """Samples a process's resident memory, in megabytes; a context manager."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.samples: list[float] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="memory")

    def told(self) -> str:
        """Eleven samples from the first to the last."""
        last = len(self.samples) - 1
        return " ".join(f"{self.samples[last * step // 10]:.0f}" for step in range(11)) if last >= 0 else ""

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()

    def _watch(self) -> None:
        while True:
            self.samples.append(self._process.memory_info().rss / _MEGABYTE)
            if self._stop.wait(_EVERY):
                return


def rank_correlation(places: Sequence[int]) -> float:
    """Spearman's, of `places` (a permutation of 0, 1, 2, …) with those: 1 is the same order, 0 none, -1 the reverse."""
    count = len(places)
    if count <= 1:
        return 1.0
    return 1 - 6 * sum((place - found) ** 2 for place, found in enumerate(places)) / (count * (count**2 - 1))
