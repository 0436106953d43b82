"""Carrying out what a search found. Each step can be interrupted and all of it done again: what is gone stays gone."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final

from tasks.erasure.found import Change, Doomed, Found, Queued
from tasks.erasure.messages import read
from tasks.erasure.turn import TURN, Turn
from tasks.intake import plan_order
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Ledger, Record
from tasks.messages.mending import Doorbell
from tasks.orders import parse_order
from tasks.runtime import Runtime

_ENTRIES_A_STEP: Final = 500


@dataclass
class Done:
    """What was done, by kind; it is noted at once, since any moment may be the last."""

    turn: Turn
    counts: Counter[str] = field(default_factory=Counter)
    sending: list[str] = field(default_factory=list)
    """Redemptions that are being sent this moment: their orders stay as they are."""

    def add(self, kind: str, count: int) -> None:
        """So many things of a kind; none where it has moved on since it was found."""
        if count:
            self.counts[kind] += count
            self.turn.note(count)
        self.turn.renew()


def carry_out(runtime: Runtime, found: Found, turn: Turn, *, unreported: bool) -> Done:
    """Erase what was found. What has moved on meanwhile is to be looked for again.

    Raises NotNow where the turn is lost, and redis.RedisError.
    """
    ledger, done = runtime.ledger, Done(turn)
    for doomed in found.orders.values():
        _erase_order(runtime, doomed, done, unreported=unreported)
    if done.sending:
        return done  # what else is said of their orders must stay too
    _erase(ledger, found.letters, [], done, unreported=False)
    for key, changes in found.changes.items():
        done.add("masked", ledger.script("amend", key, _told(changes)))
    for message in found.queued:
        done.add("messages", _swap(ledger, message))
    for stream, entries in found.streams.items():
        _rebuild(ledger, stream, entries, turn)
        gone = sum(one is None for one in entries.values())
        done.add(stream, gone)
        done.add(f"{stream} masked", len(entries) - gone)
    return done


def _erase_order(runtime: Runtime, doomed: Doomed, done: Done, *, unreported: bool) -> None:
    # The tombstones come before the events go: were it the other way round and this ended in between, the order could
    # be sent after all when another system tells of it.
    planned = [one for message in doomed.queued for one in _planned(runtime, message)]
    if _erase(runtime.ledger, doomed.records, planned, done, unreported=unreported):
        for message in doomed.queued:
            done.add("events", _swap(runtime.ledger, message))


def _erase(ledger: Ledger, records: Sequence[Record], planned: Sequence[str], done: Done, *, unreported: bool) -> bool:
    if not records and not planned:
        return True
    ids = json.dumps([record.id for record in records])
    keep = round(ledger.limits.keep * 1000)
    answer = ledger.script(
        "erase", keep, "1" if unreported else "0", secrets.token_hex(16), ids, json.dumps(list(planned))
    )
    if answer[0] != "erased":
        done.sending += answer[1] if answer[0] == "sending" else []
        return False
    redemptions = sum(record.is_redemption for record in records)
    done.add("redemptions", redemptions)
    done.add("letters", len(records) - redemptions)
    return True


def _planned(runtime: Runtime, message: Queued) -> list[str]:
    """The redemptions that the event would have become."""
    event, now = read(message.raw), datetime.now(UTC)
    if event is None or isinstance(event, Doorbell):
        return []
    try:
        order = parse_order(event, now=now)
    except InvalidEvent:
        return []
    return [plan.redemption.id for plan in plan_order(order, runtime.settings, now=now)]


def _swap(ledger: Ledger, message: Queued) -> int:
    return int(ledger.script("swap", message.queue, message.raw, message.instead or b""))


def _told(changes: Sequence[Change]) -> str:
    def digest(text: str) -> str:
        return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    told = [(one.field, digest(one.seen), False if one.instead is None else one.instead) for one in changes]
    return json.dumps(told)


def _rebuild(ledger: Ledger, stream: str, entries: Mapping[str, list[str] | None], turn: Turn) -> None:
    changes = json.dumps({entry_id: fields or [] for entry_id, fields in entries.items()})
    position = ""
    while True:
        position = ledger.script("rebuild", stream, turn.token, round(TURN * 1000), position, _ENTRIES_A_STEP, changes)
        if position == "lost":
            turn.lost()
        if not position:
            return
