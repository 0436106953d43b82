"""Writing back: open rows are looked at again, page by page, and those whose outcome changed are updated.

An update says what it saw, so that a row which the ERP mended meanwhile, or another relay sent anew, stays as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Connection, Select, bindparam, select, text, update

from worker.relay.database import Database
from worker.relay.following import follow, today
from worker.relay.journaling import Door, Forgotten, journal_again
from worker.relay.outcome import Outcome, outcome
from worker.relay.row import Row
from worker.relay.table import RowState, is_in, outbox

PAGE: Final = 200  # rows

_SEEN: Final = update(outbox).where(
    outbox.c.id == bindparam("row"),
    outbox.c.sent_at == bindparam("seen_sent_at"),
    outbox.c.state == bindparam("seen_state"),
)


@dataclass(frozen=True)
class Looked:
    """One page: the state that each row of it is in now, its last id, and how many were updated or handed in again."""

    states: Mapping[int, str] = field(default_factory=dict)
    last: int | None = None
    """Where the next page begins; None after the last page."""
    updated: int = 0
    healed: int = 0


def look(database: Database, door: Door, state: RowState, *, after: int | None, newest: bool = False) -> Looked:
    """Look at a page of the rows in that state, by id after `after`; or the newest of all.

    Raises DatabaseError, redis.RedisError and OSError; looking again is right.
    """
    with database.reading() as connection:
        rows = [Row.of(found) for found in connection.execute(page_of(state, after, newest=newest))]
    if not rows:
        return Looked()
    told, healed = _now_told(door, rows)
    changed = [row for row in rows if told[row.id] != row.told and row.sent_at is not None]
    if changed:
        with database.writing() as connection:
            _update(connection, changed, told)
    last = rows[-1].id if len(rows) == PAGE and not newest else None
    return Looked({row.id: told[row.id].state for row in rows}, last, len(changed), healed)


def page_of(state: RowState, after: int | None, *, newest: bool) -> Select[Any]:
    """Some rows in that state, by id after `after`; or the newest of all."""
    query = select(outbox).where(text(is_in(state))).limit(PAGE)
    if after is not None:
        query = query.where(outbox.c.id > after)
    return query.order_by(outbox.c.id.desc() if newest else outbox.c.id)


def _now_told(door: Door, rows: Sequence[Row]) -> tuple[dict[int, Outcome], int]:
    """What each row says now, and how many had to be handed in again."""
    records, heirs = follow(door.runtime, {id_: None for row in rows for id_ in row.ids})
    told: dict[int, Outcome] = {}
    forgotten: list[Forgotten] = []
    for row in rows:
        ids = today(row.ids, heirs)
        missing = [id_ for id_ in ids if id_ not in records and id_ not in row.receipts]
        if missing or not ids:
            forgotten.append(Forgotten(row, missing, [id_ for id_ in ids if id_ not in missing]))
        else:
            told[row.id] = outcome(ids, records, told=row.receipts)
    return told | journal_again(door, forgotten), len(forgotten)


def _update(connection: Connection, rows: Iterable[Row], told: Mapping[int, Outcome]) -> None:
    seen = [
        {"row": row.id, "seen_sent_at": row.sent_at, "seen_state": row.told.state, **vars(told[row.id])} for row in rows
    ]
    connection.execute(_SEEN, seen)
