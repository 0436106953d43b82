"""Moments in the three databases: always UTC, to the millisecond, and never a row that cannot be read for its time."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import TIMESTAMP, Dialect, Text
from sqlalchemy.dialects import mysql
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.types import TypeDecorator, TypeEngine
from typing_extensions import override


class Moment(TypeDecorator[datetime]):
    """An aware datetime: `timestamptz` on PostgreSQL, TIMESTAMP(3) on MySQL and MariaDB, text on SQLite.

    MySQL tells a TIMESTAMP in the session's time zone, so the session's must be UTC. What an ERP wrote and nobody can
    read as a moment (SQLite takes any text) is None.
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
        if not isinstance(value, datetime):
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


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
