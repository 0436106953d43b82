"""Day totals of outcomes: how many, of how many orders, worth how much.

An order that came with two codes, minutes or days apart, is worth its value once. So the outcomes are sorted by order
on disk first; in memory there is a total for each day, account, state and currency, and nothing else.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from typing import Any, NamedTuple, cast

from tasks.ledger import Record
from tasks.reports.disk_sort import Cell, sorted_on_disk


class Day(NamedTuple):
    """What a total is of; the currency is empty for orders without a value."""

    day: date
    partner: str
    shop: str
    state: str
    currency: str


@dataclass
class Total:
    """Redemptions of a day, the orders that are new with them, and what those are worth."""

    redemptions: int = 0
    orders: int = 0
    order_value: Decimal = Decimal(0)


class _Outcome(NamedTuple):
    partner: str
    shop: str
    state: str
    order_id: str
    at: int
    value: str
    currency: str


_ORDER = itemgetter(0, 1, 2, 3)


def daily_totals(outcomes: Iterable[Record], zone: tzinfo = UTC) -> Iterator[tuple[Day, Total]]:
    """A total for every day in `zone`, partner, shop, state and currency that has outcomes, by day.

    Under one partner, shop and state an order counts once, on the day of its first outcome, whatever became of its
    later ones: totals of several days can be added up. Raises redis.RedisError and sqlite3.Error.
    """
    totals: dict[Day, Total] = {}
    rows = cast("Iterator[_Outcome]", map(_Outcome._make, sorted_on_disk(map(_row, outcomes), width=7)))
    for _, order in groupby(rows, key=_ORDER):
        for number, one in enumerate(order):
            total = totals.setdefault(_day(one, zone), Total())
            total.redemptions += 1
            if number == 0:
                total.orders += 1
                total.order_value += Decimal(one.value or 0)
    yield from sorted(totals.items(), key=itemgetter(0))


def to_json(day: Day, total: Total) -> dict[str, Any]:
    """As `redeem report --daily --json` prints it."""
    told = {**day._asdict(), "day": day.day.isoformat(), "currency": day.currency or None}
    return told | {
        "redemptions": total.redemptions,
        "orders": total.orders,
        "order_value": str(total.order_value) if day.currency else None,
    }


def _row(record: Record) -> tuple[Cell, ...]:
    at = record.moment("at") or record.moment("reported_at")
    milliseconds = round(at.timestamp() * 1000) if at else 0
    value = record.fields.get("order_value") or ""
    currency = (record.fields.get("currency") or "") if value else ""
    return (record.partner, record.shop, record.state.value, record.order_id, milliseconds, value, currency)


def _day(one: _Outcome, zone: tzinfo) -> Day:
    day = datetime.fromtimestamp(one.at / 1000, zone).date()
    return Day(day, one.partner, one.shop, one.state, one.currency)
