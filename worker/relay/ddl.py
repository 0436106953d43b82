"""The SQL that makes the table, ready for psql, mysql or sqlite3; made from the table itself. Needs no database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from sqlalchemy import Dialect
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DDLElement

from worker.relay.table import INDEXES, NAME, outbox

_DIALECTS: Final[dict[str, type[Dialect]]] = {
    "postgresql": postgresql.dialect,
    "mysql": mysql.dialect,
    "sqlite": sqlite.dialect,
}

_NOTIFY: Final = f"""\
-- Wakes a relay at once, where otherwise it looks once a second. A notification that is lost costs no more than that.
CREATE FUNCTION {NAME}_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
	NOTIFY {NAME};
	RETURN NULL;
END
$$;

CREATE TRIGGER {NAME}_notify AFTER INSERT OR UPDATE OF sent_at ON {NAME}
	FOR EACH ROW WHEN (NEW.sent_at IS NULL) EXECUTE FUNCTION {NAME}_notify();"""


def ddl(database: str) -> str:
    """The statements for `postgresql`, `mysql` (MariaDB likewise) or `sqlite`; KeyError for any other.

    In one transaction where the database can do that with a table: all of it or nothing.
    """
    return "\n\n".join(_statements(database)) + "\n"


def _statements(database: str) -> Iterator[str]:
    dialect = _DIALECTS[database]()
    made: list[DDLElement] = [CreateTable(outbox)]
    made += map(CreateIndex, INDEXES[database])
    yield f"-- The outbox of `redeem relay`, for {database}. The ERP writes event (JSON), the relay all that is null."
    if database != "mysql":
        yield "BEGIN;"
    for one in made:
        lines = str(one.compile(dialect=dialect)).strip().split("\n")
        yield "\n".join(line.rstrip() for line in lines) + ";"
    if database == "postgresql":
        yield _NOTIFY
    if database != "mysql":
        yield "COMMIT;"
