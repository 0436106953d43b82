"""ERPs that write orders and their outbox rows in one transaction, on databases that are killed under them.

What counts as committed is what the database says in the end: a COMMIT whose answer was lost may have gone either way.
"""

from __future__ import annotations

import json
import random
from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Any, Final, Self

import sqlalchemy as sa
from typing_extensions import override

from tests.acceptance.campaigns.senders import Senders
from worker.relay.ddl import ddl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.acceptance.campaigns.evidence import Promise
    from tests.acceptance.campaigns.orders import Order
    from tests.databases import Database

_CONNECTIONS: Final = 3
_ROLLED_BACK: Final = 0.25  # of all transactions
_LONG: Final = 0.2
_LONG_OPEN: Final = {"postgresql": (0.1, 1.0), "mysql": (0.1, 1.0), "sqlite": (0.0, 0.1)}  # seconds; it has one writer
_MOST_AT_ONCE: Final = 3  # orders in a transaction
_PAUSE: Final = 0.05
_PATIENCE: Final = 10.0
_DONE: Final = {"redeemed", "presumed"}


class Erp(Senders):
    """Writes `orders` over several connections in the background; a context manager that ends when all are written.

    `share` says how much of them may be written by now (0–1), so that the load lasts as long as the harm does.
    """

    def __init__(self, database: Database, orders: Sequence[Order], seed: int, share: Callable[[], float]) -> None:
        self.database = database
        self._orders = orders
        self._share = share
        self._seed = seed
        self._next = 0
        super().__init__()
        self._engine = sa.create_engine(database.url, pool_pre_ping=True, pool_size=_CONNECTIONS)
        self.done: Counter[str] = Counter()
        """Transactions by how they ended."""

    def committed(self) -> list[Order]:
        """The orders that there are."""
        with self._engine.connect() as connection:
            there = set(connection.scalars(sa.text("SELECT order_no FROM sold")))
        return [one for one in self._orders if one.event["order_id"] in there]

    def rolled_back(self) -> list[str]:
        """The ids that redemptions of all other orders would have had."""
        there = {one.event["order_id"] for one in self.committed()}
        others = [one for one in self._orders if one.event["order_id"] not in there]
        return [promise.id for one in others for promise in one.promises]

    def wrong_rows(self) -> list[tuple[str, str]]:
        """What is wrong with the reconciling JOIN: each order's only row says that all of it was reported."""
        wanted = {one.event["order_id"]: {promise.id for promise in one.promises} for one in self.committed()}
        found: dict[str, list[Any]] = {order_no: [] for order_no in wanted}
        with self._engine.connect() as connection:
            for row in connection.execute(sa.text("SELECT * FROM redemption_outbox")):
                found.setdefault(row.order_no, []).append(row)
        return [
            (f"{self.database.dialect} {order_no}", str(rows))
            for order_no, rows in found.items()
            if [_reported(row) for row in rows] != [wanted.get(order_no)]
        ]

    @override
    def __enter__(self) -> Self:
        self.database.run(ddl(self.database.dialect))
        own = "CREATE TABLE sold (order_no VARCHAR(20) PRIMARY KEY);"
        self.database.run(f"{own}\nALTER TABLE redemption_outbox ADD COLUMN order_no VARCHAR(20);")
        return super().__enter__()

    @override
    def work(self) -> Iterator[Callable[[], None]]:
        return (partial(self._write, random.Random(f"{self._seed}-{n}")) for n in range(_CONNECTIONS))

    @override
    def let_go(self) -> None:
        self._engine.dispose()

    def _write(self, chance: random.Random) -> None:
        while not self._stop.is_set() and (orders := self._take(chance.randint(1, _MOST_AT_ONCE))) is not None:
            if not orders:
                self._stop.wait(_PAUSE)
                continue
            rolls_back, stays_open = chance.random() < _ROLLED_BACK, 0.0
            if chance.random() < _LONG:
                stays_open = chance.uniform(*_LONG_OPEN[self.database.dialect])
            while not self._transaction(orders, stays_open, rolls_back=rolls_back):
                self._stop.wait(_PAUSE)

    def _take(self, count: int) -> Sequence[Order] | None:
        """The next orders that may be written now; None when there are no more."""
        with self._lock:
            if self._next >= len(self._orders):
                return None
            allowed = round(min(1.0, self._share()) * len(self._orders)) - self._next
            orders = self._orders[self._next : self._next + max(0, min(count, allowed))]
            self._next += len(orders)
            return orders

    def _transaction(self, orders: Sequence[Order], stays_open: float, *, rolls_back: bool) -> bool:
        """Whether it has ended as it should; else it is to be tried again."""
        try:
            with self._engine.connect() as connection:
                for one in orders:
                    _insert(connection, one)
                self._stop.wait(stays_open)
                if rolls_back:
                    connection.rollback()
                else:
                    connection.commit()
        except sa.exc.IntegrityError:
            self.done["committed, though its answer was lost"] += 1
            return True
        except sa.exc.DBAPIError:
            self.done["failed, and repeated unless it was to be rolled back"] += 1
            return rolls_back or self._stop.is_set()
        self.done["rolled back" if rolls_back else "committed"] += 1
        return True


def _insert(connection: sa.Connection, order: Order) -> None:
    columns = {"order_no": order.event["order_id"], "event": json.dumps(order.event)}
    connection.execute(sa.text("INSERT INTO sold (order_no) VALUES (:order_no)"), columns)
    connection.execute(sa.text("INSERT INTO redemption_outbox (order_no, event) VALUES (:order_no, :event)"), columns)


def _reported(row: Any) -> set[str] | None:  # noqa: ANN401 - a row's columns are whatever the database has
    """The ids that a row says were all reported; None where it says anything else."""
    return set(json.loads(row.redemptions)) if row.state in _DONE and row.reported_at and row.sent_at else None


class Erps:
    """Several ERPs that have finished, as the campaigns' traffic."""

    def __init__(self, erps: Sequence[Erp]) -> None:
        self.erps = erps
        self.acknowledged = Counter({erp.database.dialect: len(erp.committed()) for erp in erps})
        """Orders by database."""
        ends = sum((erp.done for erp in erps), Counter[str]())
        self.refused = Counter({how: count for how, count in ends.items() if how != "committed"})
        """Transactions by how else they ended."""

    def promises(self) -> list[Promise]:
        """Of all orders that were committed."""
        return [promise for erp in self.erps for one in erp.committed() for promise in one.promises]
