"""Workers as a supervisor keeps them in production: whichever ends is started again at once, whatever ended it."""

from __future__ import annotations

import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

    from tests.acceptance.kit import WorkerProcess

_LOOK_EVERY: Final = 0.02


class Supervisor:
    """Keeps workers running from entering to leaving; a context manager."""

    def __init__(self, workers: Sequence[WorkerProcess]) -> None:
        self.workers = list(workers)
        self.exits: Counter[str] = Counter()
        """How workers ended that nobody here had told to: exit status by count."""
        self._lock = threading.Lock()
        self._told: set[str] = set()
        self._launched: dict[str, float] = {}
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="supervisor")

    def kill(self, worker: WorkerProcess) -> None:
        """SIGKILL; it is started again."""
        with self._lock:
            worker.kill()
            self._launch(worker)

    def age(self, worker: WorkerProcess) -> float:
        """Seconds since its last start."""
        return time.monotonic() - self._launched[worker.node]

    def __enter__(self) -> Self:
        for worker in self.workers:
            self._launch(worker)
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
                    status = worker.exit_code()
                    if status is not None:
                        self.exits[str(status)] += 1
                        self._launch(worker)

    def _launch(self, worker: WorkerProcess) -> None:
        worker.launch()
        self._launched[worker.node] = time.monotonic()
