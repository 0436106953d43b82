"""A thread of our own in every worker, from its start to its stop: what the waker and the lookout have in common."""

from __future__ import annotations

import threading
from typing import Any, ClassVar

from celery import bootsteps


class ThreadStep(bootsteps.StartStopStep):
    """A bootstep that runs `run` in a thread, which ends when `stopping` is set."""

    requires = ("celery.worker.components:Pool",)
    thread_name: ClassVar[str]
    parting: ClassVar[float]
    """Seconds that a stop waits for what is under way."""

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        super().__init__(parent, **kwargs)
        self.stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def run(self, app: Any) -> None:  # noqa: ANN401 - the Celery app
        """The thread's work."""
        raise NotImplementedError

    def start(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Begin."""
        self._thread = threading.Thread(target=self.run, args=(parent.app,), name=self.thread_name, daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """End; what is left undone the next worker does."""
        self.stopping.set()
        if self._thread is not None:
            self._thread.join(self.parting)

    def terminate(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Stop at once."""
        self.stop(parent)
