"""A gate in the ERP's database: closed, it holds up the relay's updates of the outbox, so that it can be killed there.

On PostgreSQL and MariaDB a trigger waits for a lock that the test holds; there are two, for rows that were not marked
as sent and for rows that were. SQLite has one writer at a time, and the test is it.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from tests.acceptance.kit import eventually
from tests.databases import Database, connected

if TYPE_CHECKING:
    from collections.abc import Iterator

MARKING: Final = 1
"""Where rows are marked as sent, after they are in the ledger."""
WRITING_BACK: Final = 2

_TRIGGERS: Final = {
    "postgresql": """
        CREATE FUNCTION gate() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            PERFORM pg_advisory_xact_lock_shared(CASE WHEN OLD.sent_at IS NULL THEN 1 ELSE 2 END);
            RETURN NEW;
        END $$;
        CREATE TRIGGER gate BEFORE UPDATE ON redemption_outbox FOR EACH ROW EXECUTE FUNCTION gate();
    """,
    "mysql": """
        CREATE TRIGGER gate BEFORE UPDATE ON redemption_outbox FOR EACH ROW
        DO GET_LOCK(CONCAT(DATABASE(), IF(OLD.sent_at IS NULL, 1, 2)), 60),
           RELEASE_LOCK(CONCAT(DATABASE(), IF(OLD.sent_at IS NULL, 1, 2)));
    """,
}
_CLOSE: Final = {
    "postgresql": "SELECT pg_advisory_lock({})",
    "mysql": "SELECT GET_LOCK(CONCAT(DATABASE(), {}), 60)",
    "sqlite": "BEGIN IMMEDIATE",
}
_WAITING: Final = {
    "postgresql": "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted",
    "mysql": "SELECT count(*) FROM information_schema.processlist WHERE db = DATABASE() AND state = 'User lock'",
}


def build(database: Database) -> None:
    """Open, and not to be noticed."""
    if database.dialect in _TRIGGERS:
        database.run(_TRIGGERS[database.dialect])


@contextlib.contextmanager
def closed(database: Database, gate: int) -> Iterator[None]:
    """Closed on entry, and open at the end."""
    with connected(database.url) as connection:
        connection.execute(sa.text(_CLOSE[database.dialect].format(gate)))
        yield
        connection.invalidate()  # ends the session, and with it what it holds


def until_somebody_waits(database: Database) -> None:
    """Return once a relay stands before a gate; on SQLite nobody can tell."""
    if database.dialect not in _WAITING:
        return
    with connected(database.url, isolation_level="AUTOCOMMIT") as connection:
        eventually(lambda: connection.scalar(sa.text(_WAITING[database.dialect])), what="waiting at the gate")
