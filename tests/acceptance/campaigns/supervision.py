"""Processes as a supervisor keeps them in production: whichever ends is started again at once, whatever ended it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Generic, Self

from typing_extensions import TypeVar

from tests.acceptance.kit import WorkerProcess, eventually
from tests.acceptance.kit.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

P = TypeVar("P", bound=Daemon, default=WorkerProcess)

_LOOK_EVERY: Final = 0.02
_READY_WITHIN: Final = 60.0


class Supervisor(Generic[P]):
    """Keeps processes running from entering to leaving, workers unless others are given; a context manager."""

    def __init__(self, workers: Sequence[P]) -> None:
        self.workers = list(workers)
        self.exits: Counter[str] = Counter()
        """How processes ended that nobody here had told to: how often with which exit status."""
        self._lock = threading.RLock()
        self._told: set[str] = set()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor")

    def until_ready(self, worker: P) -> None:
        """Return once it does its work."""
        eventually(worker.is_ready, within=_READY_WITHIN, what=f"{worker.name} ready")

    def until_all_ready(self) -> None:
        """Return once all do."""
        for worker in self.workers:
            self.until_ready(worker)

    def kill(self, worker: P) -> None:
        """SIGKILL; it is started again."""
        with self._lock:
            worker.kill()
            worker.launch()

    def roll(self, worker: P, successor: P) -> tuple[float, int]:
        """SIGTERM, and its successor once it has ended; the seconds that took, and its exit status."""
        with self._lock:
            self._told.add(worker.name)
        began = time.monotonic()
        status = worker.stop()
        seconds = time.monotonic() - began
        with self._lock:
            self.workers[self.workers.index(worker)] = successor
            successor.launch()
            self._told.remove(worker.name)
        return seconds, status

    def __enter__(self) -> Self:
        for worker in self.workers:
            worker.launch()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        for worker in self.workers:
            worker.kill()

    def _watch(self) -> None:
        while not self._stop.wait(_LOOK_EVERY):
            with self._lock:
                for worker in self.workers:
                    if worker.name not in self._told and (status := worker.exit_code()) is not None:
                        self.exits[f"status {status}"] += 1
                        worker.launch()
