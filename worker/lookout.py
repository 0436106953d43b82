"""The lookout: in every worker, a thread that looks once a second whether somebody must be paged.

One of the workers does the looking (`tasks/paging/`). That the broker is away each of them has to tell by itself, since
nothing else can be known then. A lookout that fails is told of as an error, and stops nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

import structlog
from typing_extensions import override

from tasks.paging import Watch
from tasks.paging.page import Page, broker_away, broker_back
from tasks.paging.telling import tell
from tasks.persistence import UNAVAILABLE
from tasks.runtime import Runtime, runtime_of
from worker.thread_step import ThreadStep

_INTERVAL: Final = 1.0  # seconds between looks
_PAUSE_AFTER_FAILURE: Final = 60.0  # seconds; a mistake of ours shall not flood the log
_AWAY_LONG: Final = 60.0  # seconds; restarts and failovers take less
_AGAIN: Final = 3600.0  # seconds; as long as it is away

log = structlog.get_logger("redeem.lookout")


class Lookout(ThreadStep):
    """Runs `Watch.look` again and again."""

    thread_name = "lookout"
    parting = 1.0

    @override
    def run(self, app: Any) -> None:
        runtime: Runtime = runtime_of(app)
        watch, absence, pause = Watch(runtime, tell), Absence(tell), _INTERVAL
        while not self.stopping.wait(pause):
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
