"""Dead letters replayed or discarded in the background: what was set off goes on when the page is closed.

It goes on in this process: where Flower ends, a batch ends after the letter in hand, and what was done is in the audit
trail. Setting it off again does the rest.
"""

from __future__ import annotations

import itertools
import threading
import time
from collections import deque
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

import structlog
from redis.exceptions import RedisError

from tasks.dead_letters.acting import Outcome, Selection, discard_all, replay_all
from tasks.dead_letters.amendment import Amendment
from worker.composition import RedeemApp

_KEPT: Final = 50  # batches to look back at
_NAMED: Final = 200  # letters of a batch that are named, of those done and of those refused
_STOPS_WITHIN: Final = 10.0  # seconds for all batches, when Flower ends

log = structlog.get_logger("redeem.flower")


class Progress(StrEnum):
    """How a batch stands."""

    RUNNING = "running"
    FINISHED = "finished"
    STOPPED = "stopped"
    BROKEN = "broken"


@dataclass(frozen=True)
class Wish:
    """What an operator wants done."""

    action: str
    """`replay` or `discard`."""
    selection: Selection
    amendment: Amendment
    """What is set right before a replay."""
    rate: float
    """Letters replayed a second; 0: as fast as it goes."""
    who: str


@dataclass
class Batch:
    """What one operator set off; written by its own thread only, but for the wish to stop."""

    number: str
    wish: Wish
    expected: int
    """Letters there were when it was set off."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    ended_at: datetime | None = None
    progress: Progress = Progress.RUNNING
    error: str = ""
    done: int = 0
    refused: int = 0
    named: deque[Outcome] = field(default_factory=lambda: deque(maxlen=_NAMED))
    """The latest that were done."""
    refusals: deque[Outcome] = field(default_factory=lambda: deque(maxlen=_NAMED))
    """The latest that were not."""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def seen(self) -> int:
        """Letters dealt with, one way or the other."""
        return self.done + self.refused

    def note(self, outcome: Outcome) -> None:
        """Count what became of a letter."""
        if outcome.refused is None:
            self.done += 1
            self.named.append(outcome)
        else:
            self.refused += 1
            self.refusals.append(outcome)


class Batches:
    """All of this process. Safe to share between threads."""

    def __init__(self) -> None:
        self._batches: dict[str, Batch] = {}
        self._threads: dict[str, threading.Thread] = {}
        self._numbers = itertools.count(1)
        self._lock = threading.Lock()

    def start(self, app: RedeemApp, wish: Wish, expected: int) -> Batch:
        """Begin in a thread of its own."""
        with self._lock:
            number = f"{int(time.time()):x}-{next(self._numbers)}"  # told apart from those before a restart
            batch = Batch(number, wish, expected)
            thread = threading.Thread(target=_run, args=(batch, app), name=f"batch-{number}", daemon=True)
            self._batches[number], self._threads[number] = batch, thread
            self._forget_old()
        log.info("batch.started", action=wish.action, letters=expected, who=wish.who, what=wish.selection.describe())
        thread.start()
        return batch

    def find(self, number: str) -> Batch | None:
        """The batch of that number, unless it is long over."""
        return self._batches.get(number)

    def latest(self) -> list[Batch]:
        """Those that run and the latest that ended, the newest first."""
        with self._lock:
            return list(reversed(self._batches.values()))

    def stop(self) -> None:
        """End them all after the letters in hand, and wait until the audit trail has them."""
        until = time.monotonic() + _STOPS_WITHIN
        for batch in self.latest():
            batch.stop.set()
        for thread in list(self._threads.values()):
            thread.join(max(0.0, until - time.monotonic()))

    def _forget_old(self) -> None:
        over = [one for one, batch in self._batches.items() if batch.progress is not Progress.RUNNING]
        for number in over[: max(0, len(self._batches) - _KEPT)]:
            del self._batches[number], self._threads[number]


def _run(batch: Batch, app: RedeemApp) -> None:
    ended = Progress.BROKEN
    try:
        with closing(_outcomes(batch, app)) as outcomes:
            for outcome in outcomes:
                batch.note(outcome)
        ended = Progress.STOPPED if batch.stop.is_set() else Progress.FINISHED
    except (RedisError, OSError) as error:
        batch.error = f"the broker went away: {error}"
    except Exception:
        batch.error = "a mistake of ours, see Flower's log"
        raise  # threading's hook logs it
    finally:
        batch.ended_at = datetime.now(UTC)
        batch.progress = ended
        log.info("batch.ended", action=batch.wish.action, how=ended.value, done=batch.done, refused=batch.refused)


def _outcomes(batch: Batch, app: RedeemApp) -> Generator[Outcome]:
    wish = batch.wish
    if wish.action == "discard":
        return discard_all(app.runtime, wish.selection, by=wish.who, stop=batch.stop)
    return replay_all(
        app,
        app.runtime,
        wish.selection,
        rate=wish.rate,
        amendment=wish.amendment,
        by=wish.who,
        stop=batch.stop,
    )
