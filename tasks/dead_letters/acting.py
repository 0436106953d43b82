"""Acting on many dead letters at once: paced, one letter after the other.

What one person set off is one entry in the audit trail, however it ends. It can be set off again at any time: what was
done is no dead letter any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from threading import Event
from typing import Final, NamedTuple

import structlog
from celery import Celery

from tasks import audit
from tasks.dead_letters.amendment import UNCHANGED, Amendment
from tasks.dead_letters.finding import Refused, discard
from tasks.dead_letters.replaying import replay
from tasks.dead_letters.selection import Preview, Selection, preview
from tasks.ledger import Ledger, Record, State
from tasks.messages.bad_message import UnknownTask
from tasks.persistence import UNAVAILABLE, until_recorded
from tasks.runtime import Runtime

__all__ = ["DEFAULT_RATE", "Outcome", "Preview", "Selection", "discard_all", "preview", "replay_all"]

DEFAULT_RATE: Final = 10.0
"""Letters replayed in a second unless said otherwise. A partner that has just come back has its own backlog to work off
and ours, which goes out at once; ten a second more is what a small shop's API takes, and is 36,000 an hour."""

_PATIENCE_WITH_AUDIT: Final = 20.0  # seconds; what stopped the work may well be the broker, which often comes back
_ANOTHER_TASK: Final = (
    "it is for another task, which may mean something else than a completed order: look at it, and replay it by its ID"
)


@dataclass(frozen=True)
class Outcome:
    """What became of one letter: the ids of the redemptions that wait now, or why nothing was done."""

    id: str
    redemptions: tuple[str, ...] = ()
    refused: str | None = None


log = structlog.get_logger("redeem.operator")

Act = Callable[[Record], list[str]]


def replay_all(  # noqa: PLR0913 - all that a person decides about it
    app: Celery,
    runtime: Runtime,
    selection: Selection,
    *,
    rate: float = DEFAULT_RATE,
    amendment: Amendment = UNCHANGED,
    by: str | None = None,
    stop: Event | None = None,
) -> Generator[Outcome]:
    """Replay a selection, at most `rate` letters a second (0: as fast as it goes), with some fields of each set right;
    yields what became of each.

    `by` is whoever decided it, unless it is whoever runs this. Once `stop` is set, it ends after the letter in hand,
    at once if it is waiting. Close the iterator (`contextlib.closing`) where it may not be read to its end: what was
    done goes into the audit trail when it is closed, as it does after an error.

    A message for another task is replayed only by its id: that it means an order is for a person to see.

    Raises redis.RedisError, and then nothing is known of the letter in hand; the others were yielded.
    """

    def act(record: Record) -> list[str]:
        if record.reason == UnknownTask.reason and not selection.ids:
            raise Refused(_ANOTHER_TASK)
        return replay(app, runtime, record, by=by, amendment=amendment)

    what = ", ".join((selection.describe(), *(f"set {name}" for name in amendment.told())))
    return _act(_Acting("replay", what, by), runtime.ledger, selection, act, rate=rate, stop=stop)


def discard_all(
    runtime: Runtime, selection: Selection, *, by: str | None = None, stop: Event | None = None
) -> Generator[Outcome]:
    """Close a selection for good; otherwise as `replay_all`. Nobody but the broker is concerned, so it is not paced."""

    def act(record: Record) -> list[str]:
        discard(runtime, record, by=by)
        return []

    acting = _Acting("discard", selection.describe(), by)
    return _act(acting, runtime.ledger, selection, act, rate=0, stop=stop)


class _Acting(NamedTuple):
    """What the audit trail shall say."""

    action: str
    what: str
    by: str | None


def _act(
    acting: _Acting, ledger: Ledger, selection: Selection, act: Act, *, rate: float, stop: Event | None
) -> Generator[Outcome]:
    stop, pace = stop or Event(), _Pace(rate)
    done, ended = 0, False
    try:
        for found in selection.find(ledger):
            pace.wait(stop)
            if stop.is_set():
                return
            record = ledger.find(found.id)  # anew: paced, minutes may have passed since
            if record is None or record.state is not State.DEAD:
                continue
            outcome = _outcome(record, act)
            if outcome.refused is None:
                done += 1
                pace.count()
            yield outcome
        ended = True
    finally:
        if done:
            _audit(ledger, acting, done, "" if ended else " (stopped half way)")


def _audit(ledger: Ledger, acting: _Acting, done: int, how: str) -> None:
    what, told = acting.what + how, f"{acting.action} of {done} dead letters"
    try:
        until_recorded(
            lambda: audit.record(ledger, acting.action, count=done, what=what, who=acting.by),
            what=told,
            limit=_PATIENCE_WITH_AUDIT,
        )
    except UNAVAILABLE:
        log.error("audit.missed", action=acting.action, count=done, what=what, who=acting.by)  # noqa: TRY400 - it is raised
        raise


def _outcome(record: Record, act: Act) -> Outcome:
    try:
        return Outcome(record.id, tuple(act(record)))
    except Refused as error:
        return Outcome(record.id, refused=str(error))


class _Pace:
    """At most so many a second, evenly, and none saved up while it took longer."""

    def __init__(self, rate: float) -> None:
        self._between = 1 / rate if rate else 0.0
        self._next = time.monotonic()

    def count(self) -> None:
        """One went."""
        self._next = max(self._next, time.monotonic()) + self._between

    def wait(self, stop: Event) -> None:
        """Until the next one may go, or `stop` is set."""
        stop.wait(max(0.0, self._next - time.monotonic()))
