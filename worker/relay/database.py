"""The ERP's database as the relay sees it: one engine, and every error of it in our own words.

SQLAlchemy's errors hold statements with their parameters, and the drivers' quote rows: personal data, both. So nothing
of theirs leaves this file but the first line of what the server said.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, select
from sqlalchemy.exc import DBAPIError, NoSuchModuleError, SQLAlchemyError

from config.redaction import Redactor
from config.secrecy import secret_parts
from tasks.plain_text import readable
from worker.relay.address import connect_options, database_url, told
from worker.relay.errors import DatabaseAway, Unusable, WrongDatabase
from worker.relay.moment import readable_or_none
from worker.relay.table import NAME, outbox

_PASSING: Final = {"OperationalError", "InterfaceError", "InternalError"}
"""Of PEP 249's classes those that may pass: no connection, a lock not had in time, a server that is read-only."""
_LONGEST: Final = 200  # characters of what a server said
_OLDEST: Final = {"MySQL": (8, 0, 1), "MariaDB": (10, 6)}
"""The first versions with SKIP LOCKED."""


class Database:
    """The outbox's database. Not for several threads at once.

    Raises WrongDatabase where the URL names none that the relay can work with.
    """

    def __init__(self, dsn: str) -> None:
        self.url: URL = database_url(dsn)
        self._redactor = Redactor(secret_parts(dsn))
        self.options = connect_options(self.url)
        """What a connection is opened with, beyond the URL."""
        self.engine = _engine(self.url)
        self.name = told(self.url)
        """The URL without its password."""
        self.locks_rows = self.engine.dialect.name != "sqlite"
        """Whether rows can be held while others work on other rows; SQLite has one writer at a time."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """A connection that is given back, its locks let go, before anything else is done.

        Raises DatabaseAway and Unusable.
        """
        with self._in_our_words(), self.engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction, committed at the end unless an exception passes; raises as `reading`."""
        with self._in_our_words(), self.engine.begin() as connection:
            yield connection

    def check(self) -> None:
        """Raises Unusable where the table or a column of it is missing, WrongDatabase where the server is too old."""
        with self._in_our_words(), self.engine.connect() as connection:
            self._require_skip_locked()
            try:
                connection.execute(select(outbox).limit(0))
            except DBAPIError as error:
                connection.rollback()
                missing = self._missing(connection)
                if not missing:
                    raise
                raise Unusable(f"{self.name} has no {missing}: {self._how_to_make()}") from error.orig

    def said(self, error: Exception) -> str:
        """The first line of what a server or a driver said, fit to be shown."""
        return readable(self._redactor.text(str(error).strip().partition("\n")[0]), _LONGEST)

    def close(self) -> None:
        """Close all connections; the next use opens new ones."""
        self.engine.dispose()

    @contextmanager
    def _in_our_words(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            text = self.said(error.orig or error)
            if error.connection_invalidated or type(error).__name__ in _PASSING:
                raise DatabaseAway(f"{self.name} cannot do that now: {text}") from None  # the cause holds rows
            raise Unusable(f"{self.name} refuses that: {text}") from None  # as above
        except SQLAlchemyError as error:
            raise DatabaseAway(f"{self.name} cannot do that now: {type(error).__name__}") from None  # as above

    def _missing(self, connection: Connection) -> str:
        inspector = inspect(connection)
        if not inspector.has_table(NAME):
            return f"table {NAME}"
        there = {column["name"].lower() for column in inspector.get_columns(NAME)}
        missing = [column.name for column in outbox.columns if column.name not in there]
        return f"column {', '.join(missing)} in {NAME}" if missing else ""

    def _how_to_make(self) -> str:
        return f"`redeem relay --ddl {self.url.get_backend_name()}` prints what makes it"

    def _require_skip_locked(self) -> None:
        dialect: Any = self.engine.dialect
        if dialect.name != "mysql":
            return
        require_skip_locked("MariaDB" if dialect.is_mariadb else "MySQL", dialect.server_version_info)


def require_skip_locked(server: str, version: Sequence[int]) -> None:
    """Raises WrongDatabase for a MySQL or MariaDB on which relays would wait for one another."""
    if tuple(version) < _OLDEST[server]:
        needed = ".".join(map(str, _OLDEST[server]))
        raise WrongDatabase(f"the relay needs {server} {needed} or later, for SKIP LOCKED")


def _engine(url: URL) -> Engine:
    options: dict[str, Any] = {"hide_parameters": True, "connect_args": dict(connect_options(url))}
    if url.get_backend_name() == "sqlite":
        url = _existing_only(url)
    else:
        # READ COMMITTED: no gap lock ever stands in the way of the ERP's inserts.
        options |= {"isolation_level": "READ COMMITTED", "pool_size": 1, "max_overflow": 1, "pool_pre_ping": True}
    try:
        engine = create_engine(url, **options)
    except (NoSuchModuleError, ModuleNotFoundError) as error:
        raise WrongDatabase(
            f'the driver for {url.get_backend_name()} is missing; it comes with the extra "sql": '
            "uv sync --locked --extra sql, or pip install '.[sql]'"
        ) from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _as_it_stands)
    if engine.dialect.name == "postgresql":
        event.listen(engine, "connect", lambda connection, _record: readable_or_none(connection))
    return engine


def _existing_only(url: URL) -> URL:
    """SQLite would make an empty database of a name that was mistyped."""
    path = url.database or ""
    if path.startswith("file:"):
        return url
    return url.set(database=f"file:{quote(path)}").update_query_dict({"mode": "rw", "uri": "true"})


def _as_it_stands(connection: sqlite3.Connection, _record: object) -> None:
    """Text that is no UTF-8 makes a row's event invalid, and no row unreadable."""
    connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
