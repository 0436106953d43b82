"""Moments in the three databases: always UTC, to the millisecond, and never a row that cannot be read for its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import TIMESTAMP, Dialect, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override

if TYPE_CHECKING:
    import psycopg


class Moment(TypeDecorator[datetime]):
    """An aware datetime: `timestamptz` on PostgreSQL, TIMESTAMP(3) on MySQL and MariaDB, text on SQLite.

    MySQL tells a TIMESTAMP in the session's time zone, so the session's must be UTC. What an ERP wrote and nobody can
    read as a moment (SQLite takes any text, PostgreSQL has `infinity`) is None.
    """

    impl = TIMESTAMP
    cache_ok = True

    @override
    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(TIMESTAMP(timezone=True))
        if dialect.name in ("mysql", "mariadb"):
            return dialect.type_descriptor(mysql.TIMESTAMP(fsp=3))
        return dialect.type_descriptor(Text())

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        naive = value.astimezone(UTC).replace(tzinfo=None)
        return naive.isoformat(" ", "milliseconds") if dialect.name == "sqlite" else naive

    @override
    def process_result_value(self, value: object | None, dialect: Dialect) -> datetime | None:
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value)
            except ValueError:
                return None
        return _in_utc(value) if isinstance(value, datetime) else None


def _in_utc(moment: datetime) -> datetime | None:
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:  # at either end of what a datetime can be
        return None


def readable_or_none(connection: psycopg.Connection) -> None:
    """Have a connection to PostgreSQL give None for `infinity` and for years that a datetime has not."""
    from psycopg import DataError  # noqa: PLC0415 - other databases do without
    from psycopg.types.datetime import TimestamptzLoader  # noqa: PLC0415 - as above

    class Loader(TimestamptzLoader):
        @override
        def load(self, data: Any) -> Any:
            try:
                return super().load(data)
            except DataError:
                return None

    connection.adapters.register_loader("timestamptz", Loader)


class Now(ColumnElement[datetime]):
    """The database's own clock, as a column's default."""

    type = Moment()
    inherit_cache = True


@compiles(Now)
def _now(_element: Now, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - SQLAlchemy's own signature
    return "CURRENT_TIMESTAMP"


@compiles(Now, "mysql", "mariadb")
def _now_in_mysql(_element: Now, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - as above
    return "CURRENT_TIMESTAMP(3)"


@compiles(Now, "sqlite")
def _now_in_sqlite(_element: Now, _compiler: SQLCompiler, **_: Any) -> str:  # noqa: ANN401 - as above
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now'))"
