"""Handing rows to the ledger: their events are read, their redemptions opened, and the ledger's word on them is told.

The same for a row that comes for the first time and for one whose redemptions the ledger has forgotten.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, NamedTuple

from celery import Celery

from tasks.acceptance import open_and_ring
from tasks.intake import plan_order
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Opened, Planned
from tasks.runtime import Runtime
from worker.relay.following import find_all
from worker.relay.outcome import Outcome, outcome, refused
from worker.relay.row import Row

_OPENED_AT_ONCE: Final = 1000  # redemptions; Redis does nothing else for 0.1 ms each


@dataclass(frozen=True)
class Door:
    """What it takes to journal: the app that rings, its runtime, and how long Redis may be away, in seconds."""

    app: Celery
    runtime: Runtime
    patience: float = 1.0


class Forgotten(NamedTuple):
    """A row, and of its redemptions those that the ledger has forgotten and those that it has, or that were done."""

    row: Row
    missing: list[str]
    kept: list[str]


@dataclass
class _Sheet:
    """A row's redemptions: those it keeps, and those to open."""

    row: Row
    kept: list[str] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)


def journal(door: Door, rows: Sequence[Row]) -> dict[int, Outcome]:
    """Open the redemptions of all these rows; returns what each row says now, by its id.

    Raises redis.RedisError and OSError: then some may be opened, and handing in again is right.
    """
    now = datetime.now(UTC)
    told: dict[int, Outcome] = {}
    sheets = []
    for row in rows:
        try:
            planned = plan_order(row.order(now), door.runtime.settings, now=now)
        except InvalidEvent as error:
            told[row.id] = refused(str(error))
        else:
            sheets.append(_Sheet(row, planned=planned))
    return told | _open(door, sheets)


def journal_again(door: Door, forgotten: Iterable[Forgotten]) -> dict[int, Outcome]:
    """Open what the ledger has forgotten of these rows; what it knows, or what was done, stays as it is.

    What was erased stays erased. Otherwise as `journal`.
    """
    now = datetime.now(UTC)
    told: dict[int, Outcome] = {}
    sheets = []
    for row, missing, kept in forgotten:
        try:
            planned = plan_order(row.order(now), door.runtime.settings, now=now)
        except InvalidEvent as error:  # the event was changed since it was sent
            told[row.id] = refused(str(error))
        else:
            sheets.append(_Sheet(row, kept, _to_open_again(planned, missing, kept)))
    return told | _open(door, sheets)


def _to_open_again(planned: Sequence[Planned], missing: Sequence[str], kept: Sequence[str]) -> list[Planned]:
    """Of what is planned today, what stands for what was forgotten.

    Settings may send the same code to another partner now, and a letter that was replayed with another code is known
    by that; but what was done already is in `kept`, and not opened under any other name.
    """
    same = [plan for plan in planned if plan.redemption.id in missing]
    done, wanted = {_code(id_) for id_ in kept}, {_code(id_) for id_ in missing}
    others = [plan for plan in planned if plan not in same and _code(plan.redemption.id) not in done]
    return same + ([plan for plan in others if _code(plan.redemption.id) in wanted] if same else others)


def _code(id_: str) -> str:
    """An id without its partner: shop, order and code."""
    return id_.removeprefix("test:").partition(":")[2]


def _open(door: Door, sheets: Sequence[_Sheet]) -> dict[int, Outcome]:
    opened: list[Opened] = []
    for some in _portions(sheets):
        planned = [plan for sheet in some for plan in sheet.planned]
        opened += open_and_ring(door.app, door.runtime, planned, patience=door.patience)
    each = iter(opened)
    known = {one.id for one in opened if one.result == "duplicate"}
    ids = {
        sheet.row.id: list(dict.fromkeys([*sheet.kept, *(next(each).id for _ in sheet.planned)])) for sheet in sheets
    }
    records = find_all(door.runtime, (id_ for some in ids.values() for id_ in some))
    return {
        sheet.row.id: outcome(ids[sheet.row.id], records, erased=known, told=sheet.row.receipts if sheet.kept else None)
        for sheet in sheets
    }


def _portions(sheets: Sequence[_Sheet]) -> Iterator[list[_Sheet]]:
    """Rows in portions that the ledger takes at once."""
    portion: list[_Sheet] = []
    size = 0
    for sheet in sheets:
        if portion and size + len(sheet.planned) > _OPENED_AT_ONCE:
            yield portion
            portion, size = [], 0
        portion.append(sheet)
        size += len(sheet.planned)
    if portion:
        yield portion
