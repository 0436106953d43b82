"""The erasure as a whole: refuse what is not to go, erase the rest, and look again until there is nothing left."""

from __future__ import annotations

import dataclasses
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

from tasks import audit
from tasks.erasure.carrying_out import carry_out
from tasks.erasure.disk import OnDisk, rewrite
from tasks.erasure.found import Found
from tasks.erasure.search import search
from tasks.erasure.subject import Subject
from tasks.erasure.turn import Turn, turn
from tasks.identity import order_of
from tasks.runtime import Runtime

NOT_SENT: Final = "not sent yet"
_FLYING: Final = "being worked on this moment"
_POLL: Final = 0.2


@dataclass(frozen=True)
class Refusal:
    """Something that stays for now, by name, and why in words."""

    order_id: str
    ids: tuple[str, ...]
    why: str


@dataclass
class Erased:
    """What came of it. Without `counts` and `refused` there was nothing."""

    counts: Counter[str] = field(default_factory=Counter)
    refused: list[Refusal] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    """What is still there, in words."""
    on_disk: list[OnDisk] = field(default_factory=list)
    interrupted: bool = False
    """Whether this finished what an earlier run had begun."""


def look(runtime: Runtime, subject: Subject, *, unreported: bool) -> tuple[Found, list[Refusal]]:
    """What an erasure would find, and what of it would be refused; nothing is done.

    Raises redis.RedisError.
    """
    found = search(runtime.ledger, subject)
    return found, _in_flight(found, unreported=unreported) + _waiting(found, unreported=unreported)


def erase(runtime: Runtime, subject: Subject, *, unreported: bool, patience: float, by: str) -> Erased:
    """Erase all of the subject; what waits to be sent only if `unreported`.

    What is being worked on this moment is waited for, `patience` seconds at most. An order of which anything is refused
    stays as it is, all of it.

    Raises NotNow where another erasure is under way, and redis.RedisError: then run it again.
    """
    with turn(runtime.ledger, subject.kinds, by, patience=patience) as mine:
        erased = Erased(interrupted=mine.interrupted)
        _until_nothing_is_left(runtime, subject, mine, erased, unreported=unreported, patience=patience)
        if erased.counts or erased.interrupted:
            erased.on_disk = rewrite(runtime.ledger, patience=patience, going_on=mine.renew)
        if erased.counts:
            audit.record(
                runtime.ledger, "erase", count=erased.counts.total(), what=_in_words(subject, erased.counts), who=by
            )
    return erased


def _until_nothing_is_left(
    runtime: Runtime, subject: Subject, mine: Turn, erased: Erased, *, unreported: bool, patience: float
) -> None:
    until = time.monotonic() + patience
    while subject.kinds:
        found = search(runtime.ledger, subject, mine.renew)
        if not found:
            return
        in_time = time.monotonic() < until
        refused = _waiting(found, unreported=unreported)
        flying = _in_flight(found, unreported=unreported)
        if not refused and not flying:
            done = carry_out(runtime, found, mine, unreported=unreported)
            erased.counts += done.counts
            flying = [Refusal(order_of(one), (one,), _FLYING) for one in done.sending]
            if done.counts and not flying:
                continue
            if not in_time and not flying:
                erased.left = _left(found)
                return
        refused += [] if in_time else flying
        erased.refused += refused
        subject = _without(subject, refused)
        if not refused:
            time.sleep(_POLL)


def _waiting(found: Found, *, unreported: bool) -> list[Refusal]:
    if unreported:
        return []
    waiting = ((order, doomed.waiting()) for order, doomed in found.orders.items())
    return [Refusal(order.order_id, tuple(ids), NOT_SENT) for order, ids in waiting if ids]


def _in_flight(found: Found, *, unreported: bool) -> list[Refusal]:
    """What is to be waited for. What is given up may have been claimed by a worker that died: only Redis can tell."""
    flying = (
        (order, doomed.in_hand() + ([] if unreported else doomed.sending())) for order, doomed in found.orders.items()
    )
    return [Refusal(order.order_id, tuple(ids), _FLYING) for order, ids in flying if ids]


def _without(subject: Subject, refused: list[Refusal]) -> Subject:
    """What streams say of an order cannot be told apart by shop everywhere, so that the number stays as a whole."""
    return dataclasses.replace(subject, orders=subject.orders - {one.order_id for one in refused})


def _left(found: Found) -> list[str]:
    return [*found.stuck, *["a message in a worker's hands"] * found.booked, *found.changes]


def _in_words(subject: Subject, counts: Counter[str]) -> str:
    """For the audit trail: by what, and how many of what; nothing that was erased."""
    return f"by {subject.kinds}: " + ", ".join(f"{count} {kind}" for kind, count in sorted(counts.items()))
