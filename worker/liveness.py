"""The watchdog: in every worker, a thread that tells supervisors that the worker is well, and ends it when it hangs.

A worker whose broker is away is well: it tries again for ever, and may hold a partner's yes that only it knows. One
whose main thread or waker makes no progress is not, and nobody else would notice. The watchdog counts looks without
progress rather than seconds: a process that was stopped, or a machine that slept, wakes up in good health.
"""

from __future__ import annotations

import atexit
import math
import os
import sys
import threading
import traceback
from collections.abc import Callable
from typing import Any, Final

import sentry_sdk
import structlog
from celery import bootsteps
from celery.concurrency import solo
from celery.worker.state import active_requests

from config.complaints import SettingsError
from config.settings import Settings
from worker.sign_file import SignFile
from worker.systemd import Systemd
from worker.vital_signs import MAIN, WAKER, VitalSigns

HUNG: Final = 70
"""The exit status of a worker that hung: EX_SOFTWARE of sysexits.h; Celery ends with 0 or 1."""

_LOOK: Final = 1.0  # seconds between looks
_LAST_WORDS: Final = 3.0  # seconds
_WAKER_PATIENCE: Final = 3  # times as long: a broker that does not answer can hold up each of its calls in turn

log = structlog.get_logger("redeem.liveness")


class Looks:
    """How many looks in a row have found each part without progress."""

    def __init__(self, signs: VitalSigns) -> None:
        self._signs = signs
        self._seen: dict[str, int] = {}
        self._in_vain: dict[str, int] = {}

    def look(self, part: str) -> int:
        """Look once more; returns the number of looks in vain, this one included: 0 means progress."""
        marks = self._signs.marks(part)
        self._in_vain[part] = self._in_vain.get(part, 0) + 1 if self._seen.get(part) == marks else 0
        self._seen[part] = marks
        return self._in_vain[part]

    def pardon(self, part: str) -> None:
        """Begin to count anew: it has a reason to stand still."""
        self._seen.pop(part, None)


class Liveness(bootsteps.StartStopStep):
    """Looks from the start of the worker's pool until the process ends; during a stop nothing counts as hanging."""

    requires = ("celery.worker.components:Pool", "worker.waker:Waker")

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        super().__init__(parent, **kwargs)
        settings: Settings = parent.app.settings
        self._signs: VitalSigns = parent.app.signs
        self._looks = Looks(self._signs)
        self._limit = math.ceil(settings.hung_after / _LOOK)
        self._alive = SignFile("REDEEM_LIVENESS_FILE", settings.liveness_file)
        self._ready = SignFile("REDEEM_READINESS_FILE", settings.readiness_file)
        self._systemd = Systemd(os.environ)
        self._stopping, self._ended = threading.Event(), threading.Event()
        self._solo = self._told = False
        try:
            for file in (self._alive, self._ready):
                file.prepare()
        except SettingsError as error:
            sys.exit(f"redeem: {error}")

    def start(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Begin to look."""
        self._solo = isinstance(parent.pool, solo.TaskPool)
        if parent.hub is not None:  # its timers live and stand still with the main thread
            parent.timer.call_repeatedly(_LOOK / 2, self._signs.mark, (MAIN,))
        parts = [WAKER] if parent.hub is None else [MAIN, WAKER]
        thread = threading.Thread(target=self._run, args=(parts,), name="watchdog", daemon=True)
        thread.start()
        atexit.register(self._end, thread)
        self._systemd.tell("READY=1", "STATUS=Waits for its broker")

    def close(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """From here on the calls in flight are waited for, and a yes may wait for the broker as long as it takes."""
        self._stopping.set()
        self._signs.changed.set()
        self._systemd.tell("STOPPING=1", "STATUS=Finishes what is in flight")

    def _end(self, thread: threading.Thread) -> None:
        """At the exit of the process, after the last thread of the pool."""
        self._ended.set()
        self._signs.changed.set()
        thread.join(timeout=_LAST_WORDS)
        self._ready.remove()
        self._alive.remove()

    def _run(self, parts: list[str]) -> None:
        self._alive.touch()
        while not self._ended.is_set():
            self._tell_readiness()
            if self._signs.changed.wait(_LOOK):
                self._signs.changed.clear()
                continue
            in_vain = {part: self._look(part) for part in parts}
            for part, count in in_vain.items():
                if count >= self._patience(part):
                    give_up(part, count)
            if not in_vain.get(MAIN):
                self._alive.touch()
                self._systemd.tell("WATCHDOG=1")

    def _patience(self, part: str) -> int:
        return self._limit * (_WAKER_PATIENCE if part is WAKER else 1)

    def _tell_readiness(self) -> None:
        ready = self._signs.consuming and not self._stopping.is_set()
        if ready:
            self._ready.touch()
        else:
            self._ready.remove()
        if ready != self._told and not self._stopping.is_set():
            self._systemd.tell("STATUS=Consumes" if ready else "STATUS=Waits for its broker")
            self._told = ready

    def _look(self, part: str) -> int:
        if self._stopping.is_set() or (self._solo and part is MAIN and active_requests):
            # A stop takes the time it takes; and in a solo pool a call is the main thread's own work.
            self._looks.pardon(part)
        return self._looks.look(part)


def give_up(part: str, looks: int) -> None:
    """End the process at once, so that its supervisor starts another; what it had in hand is in the ledger."""
    error = f"{part} has made no progress for {looks * _LOOK:g} s"
    # What hangs may hold the log's lock, and whoever reads the log may hang too: neither may keep it alive.
    _later(_LAST_WORDS, lambda: os.write(2, f"worker.hung: {error}\n{_stacks()}".encode()))
    _later(_LAST_WORDS * 2, lambda: os._exit(HUNG))
    log.critical("worker.hung", error=error, exit_status=HUNG, stack=_stacks())
    sentry_sdk.flush(timeout=_LAST_WORDS / 2)
    os._exit(HUNG)


def _later(seconds: float, act: Callable[[], object]) -> None:
    timer = threading.Timer(seconds, act)
    timer.daemon = True
    timer.start()


def _stacks() -> str:
    """Where every thread is, without values. Not by faulthandler, which holds the GIL while a full pipe blocks it."""
    names = {thread.ident: thread.name for thread in threading.enumerate()}
    return "\n".join(
        f"Thread {names.get(ident, ident)}:\n{''.join(traceback.format_stack(frame))}"
        for ident, frame in sys._current_frames().items()  # noqa: SLF001 - public in all but its name
    )
