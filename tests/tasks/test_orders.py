"""From a valid event to an order: hashed address, UTC, net value."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from tasks.invalid_event import InvalidEvent
from tasks.orders import hash_email, parse_order
from tests.moments import NOW
from tests.tasks.examples import ADDRESS, event, order


@pytest.mark.parametrize(
    ("address", "hashed"),
    [
        ("test.001@sovendus.de", "1d94e91aafaebd74135e7b9195045bf5"),
        ("MyEmailAddress@example.com ", "0bc83cb571cd1c50ba6f3e8a78ef1346"),
        (" TEST.001@Sovendus.DE\t", "1d94e91aafaebd74135e7b9195045bf5"),
    ],
)
def test_the_address_is_hashed_as_sovendus_says(address: str, hashed: str) -> None:
    assert hash_email(address) == hashed
    assert order(email=address.strip("\t")).email_hash == hashed


def test_neither_tags_nor_dots_are_stripped() -> None:
    assert len({hash_email(one) for one in ("a.b@x.de", "ab@x.de", "a.b+tag@x.de")}) == 3


def test_the_address_goes_no_further() -> None:
    assert "jane" not in repr(order(email=ADDRESS))


def test_a_hash_in_the_wrong_case_is_the_same() -> None:
    assert order(email_hash="1D94E91AAFAEBD74135E7B9195045BF5").email_hash == "1d94e91aafaebd74135e7b9195045bf5"


def test_hash_and_address_must_agree() -> None:
    agreed = order(email="test.001@sovendus.de", email_hash="1D94E91AAFAEBD74135E7B9195045BF5")
    assert agreed.email_hash == "1d94e91aafaebd74135e7b9195045bf5"
    with pytest.raises(InvalidEvent, match=r"\$\.email_hash") as caught:
        order(email=ADDRESS, email_hash="1d94e91aafaebd74135e7b9195045bf5")
    assert "jane" not in str(caught.value)


def test_times_are_utc() -> None:
    placed = order(completed_at="2026-11-21T21:15:00+01:00").completed_at
    assert placed == datetime(2026, 11, 21, 20, 15, tzinfo=UTC)
    assert placed.utcoffset() == timedelta(0)


def test_without_a_time_it_was_placed_on_arrival() -> None:
    assert order(completed_at=...).completed_at == NOW


def test_a_clock_may_be_a_day_ahead_but_no_more() -> None:
    ahead = NOW + timedelta(days=1)
    assert order(completed_at=ahead.isoformat()).completed_at == ahead
    with pytest.raises(InvalidEvent) as caught:
        order(completed_at=(ahead + timedelta(seconds=1)).isoformat())
    assert [str(one) for one in caught.value.errors] == ["$.completed_at: lies in the future"]


def test_the_earliest_times_are_just_old() -> None:
    assert order(completed_at="0001-01-01T00:00:00Z").completed_at.year == 1


def test_value_from_parts() -> None:
    parts = order(order_value=..., gross_value="119.00", tax="19.00", shipping="0")
    assert (parts.order_value, parts.currency) == (Decimal("100.00"), "GBP")


def test_what_an_event_lacks_is_none() -> None:
    bare = parse_order({"order_id": "1"}, now=NOW)
    assert (bare.shop, bare.order_value, bare.currency, bare.coupons, bare.params) == ("default", None, None, (), ())


@pytest.mark.parametrize("shop", ["UK", " uk ", "uk"])
def test_shops_are_lower_case(shop: str) -> None:
    assert order(shop=shop).shop == "uk"


def test_codes_are_trimmed_and_otherwise_as_given() -> None:
    [coupon] = order(coupons=[{"code": "  aB 12/+ü "}]).coupons
    assert coupon.code == "aB 12/+ü"


def test_a_wrong_event_is_refused_here_too() -> None:
    with pytest.raises(InvalidEvent):
        parse_order(event(order_id=""), now=NOW)
