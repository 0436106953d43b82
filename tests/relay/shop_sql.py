"""An ERP on each database, set up as docs/outbox.md says: our table, the shipped triggers, its orders by SQL."""

from __future__ import annotations

import json
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

from tests.databases import Database
from worker.relay.ddl import ddl

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

ROOT: Final = Path(__file__).parents[2]
_FILES: Final = {"postgresql": "postgresql.sql", "mysql": "mariadb.sql", "sqlite": "sqlite.sql"}
_IN_UTC: Final[dict[str, dict[str, str]]] = {
    "postgresql": {"options": "-c timezone=UTC"},
    "mysql": {"init_command": "SET time_zone = '+00:00'"},
    "sqlite": {},
}
"""Where a time without a zone is one of the session's: what a driver is told, by the database."""
_CENTS: Final = {"net_value": "net_cents", "discount": "discount_cents"}


@dataclass(frozen=True)
class ShopSQL:
    """Writes orders by plain SQL on whatever connection it is given."""

    database: Database
    engine: sa.Engine
    """The ERP's connections: their zone is UTC, the server's is the machine's."""
    _numbers: Iterator[int]

    @classmethod
    def installed(cls, database: Database) -> ShopSQL:
        """The table and the triggers, by the server's own client."""
        database.run(ddl(database.dialect))
        database.run(ROOT / "deploy" / "outbox" / _FILES[database.dialect])
        return cls(database, sa.create_engine(database.url, connect_args=_IN_UTC[database.dialect]), count(1))

    def write(self, connection: sa.Connection, *coupons: Mapping[str, Any], **order: Any) -> int:  # noqa: ANN401 - columns
        """An order with its columns, then its coupons, each an INSERT; returns its id."""
        number = next(self._numbers)
        self._insert(connection, "orders", {"id": number, **order})
        for coupon in coupons:
            self.add_coupon(connection, number, **coupon)
        return number

    def add_coupon(self, connection: sa.Connection, number: int, **coupon: Any) -> None:  # noqa: ANN401 - columns
        """One more code for an order."""
        self._insert(connection, "order_coupons", {"order_id": number, **coupon})

    def complete(self, connection: sa.Connection, number: int) -> None:
        """The update that ERPs end an order with."""
        connection.execute(sa.text("UPDATE orders SET status = 'completed' WHERE id = :id"), {"id": number})

    def sold(self, *coupons: Mapping[str, Any], **order: Any) -> int:  # noqa: ANN401 - columns
        """An order from its first line to its completion, in one transaction that is committed."""
        with self.engine.begin() as connection:
            number = self.write(connection, *coupons, **order)
            self.complete(connection, number)
        return number

    def told(self, number: int) -> list[dict[str, Any]]:
        """The events in the outbox for that order, oldest first."""
        query = sa.text("SELECT event FROM redemption_outbox WHERE order_id = :id ORDER BY id")
        with self.engine.connect() as connection:
            return [json.loads(event) for event in connection.scalars(query, {"id": number})]

    def _insert(self, connection: sa.Connection, table: str, columns: Mapping[str, Any]) -> None:
        given = dict(map(self._as_kept, columns, columns.values()))
        names, places = ", ".join(given), ", ".join(f":{name}" for name in given)
        connection.execute(sa.text(f"INSERT INTO {table} ({names}) VALUES ({places})"), given)

    def _as_kept(self, name: str, value: Any) -> tuple[str, Any]:  # noqa: ANN401 - a column's
        """SQLite keeps money in cents, having no decimals."""
        if self.database.dialect == "sqlite" and name in _CENTS:
            return _CENTS[name], None if value is None else round(float(value) * 100)
        return name, value
