"""The outbox as the ERP sees it, and a relay over it in this process."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tests.databases import Database as TestDatabase
from worker.composition import create_app
from worker.configuration import settings
from worker.relay.database import Database
from worker.relay.ddl import ddl
from worker.relay.journaling import Door
from worker.relay.relay import Relay
from worker.relay.table import outbox as table

if TYPE_CHECKING:
    from collections.abc import Callable


ON_SQLITE = pytest.mark.parametrize("database", ["sqlite"], indirect=True)
"""For what is the same on every database."""
ON_SERVERS = pytest.mark.parametrize("database", ["postgresql", "mysql"], indirect=True)
"""For what needs rows that are locked one by one."""


@dataclass(frozen=True)
class Outbox:
    """A table made by our own DDL. `url` is the database's."""

    url: str
    engine: sa.Engine

    def add(self, *events: object, **columns: object) -> list[int]:
        """A row for each event, in one transaction: its JSON, or what it is if that is text; returns their ids."""
        with self.engine.begin() as connection:
            return [self._add(connection, event, columns) for event in events]

    def rows(self) -> list[dict[str, Any]]:
        """All rows, oldest first."""
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(sa.select(table).order_by(table.c.id)).mappings()]

    def row(self, number: int | None = None) -> dict[str, Any]:
        """That row, or the only one."""
        (found,) = [row for row in self.rows() if number in (None, row["id"])]
        return found

    def change(self, number: int, **columns: object) -> None:
        """As an ERP mends a row."""
        with self.engine.begin() as connection:
            connection.execute(sa.update(table).where(table.c.id == number).values(**columns))

    def delete(self, number: int) -> None:
        """As an ERP tidies up."""
        with self.engine.begin() as connection:
            connection.execute(sa.delete(table).where(table.c.id == number))

    def _add(self, connection: sa.Connection, event: object, columns: dict[str, object]) -> int:
        text = event if event is None or isinstance(event, str | bytes) else json.dumps(event)
        added = connection.execute(sa.insert(table).values(event=text, **columns))
        return int(added.inserted_primary_key[0])  # type: ignore[index]  # an insert of one row has one


@pytest.fixture
def outbox(database: TestDatabase) -> Iterator[Outbox]:
    """An empty outbox in each of the databases."""
    if database.dialect == "sqlite":  # without a process, since most tests are on it
        with contextlib.closing(sqlite3.connect(str(sa.make_url(database.url).database))) as connection:
            connection.executescript(ddl(database.dialect))
    else:
        database.run(ddl(database.dialect))
    # The ERP has a time zone of its own, and so does its session.
    zone = {"connect_args": {"init_command": "SET time_zone = '+00:00'"}} if database.dialect == "mysql" else {}
    engine = sa.create_engine(database.url, poolclass=sa.NullPool, **zone)
    yield Outbox(database.url, engine)
    engine.dispose()


@pytest.fixture
def relays(outbox: Outbox, configured: Callable[..., None]) -> Iterator[Callable[..., Relay]]:
    """Relays over the outbox, with shops uk and de; each under the settings of its time, and `options` of its own."""
    del configured
    made: list[Relay] = []

    def make(**options: Any) -> Relay:  # noqa: ANN401 - Relay's own fields
        app = create_app(settings())
        door = Door(app, app.runtime, patience=0.0)
        made.append(Relay(Database(outbox.url), door, **{"batch": 4, **options}))
        return made[-1]

    yield make
    for one in made:
        one.database.close()
        one.door.runtime.ledger.redis.close()
        one.door.app.close()


@pytest.fixture
def relay(relays: Callable[..., Relay]) -> Relay:
    """One, whose batches are four rows."""
    return relays()
