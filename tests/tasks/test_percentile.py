from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.ledger import Record
from tasks.standing.order_values import Money
from tasks.standing.status import percentile


@pytest.mark.parametrize(
    ("values", "share", "expected"),
    [
        ([], 0.5, None),
        ([7.0], 0.5, 7.0),
        ([7.0], 0.99, 7.0),
        ([3.0, 1.0, 2.0], 0.5, 2.0),
        ([1.0, 2.0, 3.0, 4.0], 0.5, 2.0),
        ([float(number) for number in range(1, 101)], 0.99, 99.0),
        ([float(number) for number in range(1, 101)], 0.0, 1.0),
        ([float(number) for number in range(1, 101)], 1.0, 100.0),
        ([1.23456], 0.5, 1.235),
    ],
)
def test_nearest_rank(values: list[float], share: float, expected: float | None) -> None:
    assert percentile(values, share) == expected


@given(st.lists(st.integers(0, 1000), min_size=1), st.floats(0, 1))
def test_is_one_of_the_values_with_enough_below_it(values: list[int], share: float) -> None:
    found = percentile(map(float, values), share)
    assert found in values
    assert sum(value <= found for value in values) >= share * len(values)


def record(order_id: str = "1", value: str | None = "10.00", currency: str | None = "EUR", **more: str) -> Record:
    fields = {"state": "dead", "order_id": order_id, "order_value": value, "currency": currency, **more}
    return Record(order_id, {name: text for name, text in fields.items() if text is not None})


def test_money_counts_an_order_once_and_no_tests() -> None:
    money = Money()
    for one in (
        record("1"),
        record("1"),
        record("2", "0.10"),
        record("3", "5.00", "GBP"),
        record("4", test="1"),
        record("5", None),
        record("6", "1.00", None),
    ):
        money.add(one)
    assert money.totals == {"EUR": Decimal("10.10"), "GBP": Decimal("5.00")}
    assert money.to_json() == {"EUR": "10.10", "GBP": "5.00"}
