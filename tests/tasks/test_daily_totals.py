"""Day totals, against a count in memory that anyone can follow."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.ledger import Record
from tasks.reports.daily_totals import Day, Total, daily_totals

MIDNIGHT = datetime(2026, 11, 22, tzinfo=UTC)


def outcome(
    order_id: str, at: datetime, *, code: str = "A", value: str | None = "10.00", partner: str = "sovendus"
) -> Record:
    fields = {"at": str(round(at.timestamp() * 1000)), "partner": partner, "shop": "uk", "state": "redeemed",
              "order_id": order_id, "code": code}  # fmt: skip
    money = {"order_value": value, "currency": "GBP"} if value is not None else {}
    return Record(f"{partner}:uk:{order_id}:{code}", fields | money)


def test_two_codes_of_an_order_around_midnight_are_its_value_once_on_the_first_day() -> None:
    before, after = MIDNIGHT - timedelta(seconds=1), MIDNIGHT + timedelta(seconds=1)
    totals = dict(daily_totals([outcome("1", before), outcome("1", after, code="B"), outcome("2", after)]))
    assert totals == {
        Day(date(2026, 11, 21), "sovendus", "uk", "redeemed", "GBP"): Total(1, 1, Decimal("10.00")),
        Day(date(2026, 11, 22), "sovendus", "uk", "redeemed", "GBP"): Total(2, 1, Decimal("10.00")),
    }


def test_days_are_those_of_the_zone() -> None:
    ((day, _),) = daily_totals([outcome("1", MIDNIGHT - timedelta(minutes=30))], ZoneInfo("Europe/Berlin"))
    assert day.day == date(2026, 11, 22)


def test_an_order_without_a_value_is_counted_without_a_currency() -> None:
    ((day, total),) = daily_totals([outcome("1", MIDNIGHT, value=None)])
    assert (day.currency, total) == ("", Total(1, 1, Decimal(0)))


outcomes = st.builds(
    outcome,
    order_id=st.sampled_from(["1", "2", "3"]),
    at=st.sampled_from([MIDNIGHT + timedelta(hours=hours) for hours in (-30, -1, 0, 1, 30)]),
    code=st.sampled_from(["A", "B"]),
    partner=st.sampled_from(["sovendus", "uniqodo"]),
)


@given(st.lists(outcomes, max_size=12))
@settings(max_examples=30)
def test_totals_are_those_of_a_count_in_memory(found: list[Record]) -> None:
    redemptions, orders, first = defaultdict[Day, int](int), defaultdict[Day, int](int), set[tuple[str, str]]()
    for one in sorted(found, key=lambda one: int(one.fields["at"])):
        at = one.moment("at")
        assert at is not None
        day = Day(at.date(), one.partner, "uk", "redeemed", "GBP")
        redemptions[day] += 1
        orders[day] += (one.partner, one.order_id) not in first
        first.add((one.partner, one.order_id))
    totals = list(daily_totals(found))
    assert [day for day, _ in totals] == sorted(redemptions)
    assert dict(totals) == {
        day: Total(redemptions[day], orders[day], orders[day] * Decimal("10.00")) for day in redemptions
    }
