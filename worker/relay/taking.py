"""Taking rows that were not sent yet: read, journaled, and only then marked as sent.

Several relays share the work, for each passes over the rows that another holds. SQLite cannot hold rows, and while it
is written to nobody else can write: so there nothing is held while Redis is asked, and what two relays took at once is
a duplicate in the ledger.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Select, bindparam, select, text, update

from worker.relay.database import Database
from worker.relay.journaling import Door, journal
from worker.relay.outcome import Outcome
from worker.relay.row import Row
from worker.relay.table import IS_UNSENT, RowState, outbox

_MARK = update(outbox).where(outbox.c.id == bindparam("row"), text(IS_UNSENT))


@dataclass(frozen=True)
class Taken:
    """One batch: the ids of its rows, and of those that were refused."""

    rows: Sequence[int] = ()
    refused: Sequence[int] = ()


def take(database: Database, door: Door, batch: int) -> Taken:
    """Relay up to `batch` rows, oldest first.

    Raises DatabaseError, redis.RedisError and OSError: then none of them is marked, and they are taken again.
    """
    query = next_rows(batch)
    if database.locks_rows:
        with database.writing() as connection:
            rows = [Row.of(found) for found in connection.execute(query)]
            told = journal(door, rows)
            _mark(connection, told)
        return _taken(told)
    with database.reading() as connection:
        rows = [Row.of(found) for found in connection.execute(query)]
    told = journal(door, rows)
    if told:
        with database.writing() as connection:
            _mark(connection, told)
    return _taken(told)


def next_rows(batch: int) -> Select[Any]:
    """The oldest that wait; held, and without those that another relay holds, where the database can do that."""
    query = select(outbox).where(text(IS_UNSENT)).order_by(outbox.c.id).limit(batch)
    return query.with_for_update(skip_locked=True)


def _mark(connection: Connection, told: Mapping[int, Outcome]) -> None:
    if not told:
        return
    now = datetime.now(UTC)
    connection.execute(_MARK, [{"row": row, "sent_at": now, **vars(says)} for row, says in told.items()])


def _taken(told: Mapping[int, Outcome]) -> Taken:
    return Taken([*told], [row for row, says in told.items() if says.state == RowState.REFUSED])
