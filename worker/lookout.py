"""The lookout: in every worker, a thread that looks once a second whether somebody must be paged.

One of the workers does the looking (`tasks/paging/`). That the broker is away each of them has to tell by itself, since
nothing else can be known then. A lookout that fails is told of as an error, and stops nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from celery import bootsteps

from tasks.paging import Watch
from tasks.paging.page import Page, broker_away, broker_back
from tasks.paging.telling import tell
from tasks.persistence import UNAVAILABLE
from tasks.runtime import Runtime, runtime_of

_INTERVAL: Final = 1.0  # seconds between looks
_PAUSE_AFTER_FAILURE: Final = 60.0  # seconds; a mistake of ours shall not flood the log
_AWAY_LONG: Final = 60.0  # seconds; restarts and failovers take less
_AGAIN: Final = 3600.0  # seconds; as long as it is away
_PARTING: Final = 1.0  # seconds that a stop waits for a look under way

log = structlog.get_logger("redeem.lookout")


class Lookout(bootsteps.StartStopStep):
    """Runs `Watch.look` in a thread from the worker's start to its stop."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        super().__init__(parent, **kwargs)
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Begin to look."""
        self._thread = threading.Thread(target=self._run, args=(parent.app,), name="lookout", daemon=True)
        self._thread.start()

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Look no more; another worker takes over."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join(_PARTING)

    def terminate(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Stop at once."""
        self.stop(parent)

    def _run(self, app: Any) -> None:  # noqa: ANN401 - the Celery app
        runtime: Runtime = runtime_of(app)
        watch, absence, pause = Watch(runtime, tell), Absence(tell), _INTERVAL
        while not self._stopping.wait(pause):
            pause = _INTERVAL
            try:
                watch.look()
            except UNAVAILABLE as error:
                absence.goes_on(str(error))
            except Exception:
                # The last line of defence: who is never woken takes silence for good news.
                log.exception("lookout.failed")
                pause = _PAUSE_AFTER_FAILURE
            else:
                absence.ends()
        watch.leave()


class Absence:
    """The broker's, told when it has lasted, again as long as it does, and when it is over."""

    def __init__(self, tell: Callable[[Page], object], *, lasting: float = _AWAY_LONG, again: float = _AGAIN) -> None:
        self._tell = tell
        self._lasting = lasting
        self._again = again
        self._since: float | None = None
        self._told_at: float | None = None

    def goes_on(self, error: str) -> None:
        """It does not answer, or not as it should, and says why."""
        now = time.monotonic()
        self._since = now if self._since is None else self._since
        due = self._since + self._lasting if self._told_at is None else self._told_at + self._again
        if now >= due:
            self._told_at = now
            self._tell(broker_away(now - self._since, error))

    def ends(self) -> None:
        """It answers."""
        if self._since is not None and self._told_at is not None:
            self._tell(broker_back(time.monotonic() - self._since))
        self._since = self._told_at = None
