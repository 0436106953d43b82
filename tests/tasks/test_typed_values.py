"""What kombu sends with its type is the text that it stands for, and nothing else is."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kombu.utils.json import dumps

from tasks.invalid_event import InvalidEvent
from tasks.messages.typed_values import types_as_text
from tasks.orders import parse_order
from tests.tasks.examples import event

NOW = datetime.now(UTC)
ID = uuid.UUID("6f9619ff-8b86-4011-b42d-00cf4fc964ff")


def sent(value: object) -> Any:  # noqa: ANN401 - JSON
    """As kombu writes it."""
    return json.loads(dumps(value))


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("219.99"), "219.99"),
        (Decimal("219.90"), "219.90"),
        (Decimal("100.00").normalize(), "100"),
        (Decimal("1E-2"), "0.01"),
        (Decimal(-5), "-5"),
        (datetime(2026, 11, 21, 20, 15, tzinfo=UTC), "2026-11-21T20:15:00+00:00"),
        (date(2026, 11, 21), "2026-11-21"),
        (time(20, 15), "20:15:00"),
        (ID, str(ID)),
        ("größer".encode(), "größer"),
    ],
    ids=str,
)
def test_each_type_is_its_text(value: object, text: str) -> None:
    assert types_as_text(sent([{"a": {"b": value}}])) == [{"a": {"b": text}}]


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=0, max_value=10**12, places=6))
def test_no_digit_of_a_decimal_is_lost(value: Decimal) -> None:
    assert Decimal(types_as_text(sent(value))) == value


ODD: dict[str, Any] = {
    "a decimal comma": {"__type__": "decimal", "__value__": "219,99"},
    "a float": {"__type__": "decimal", "__value__": 219.99},
    "no number": sent(Decimal("NaN")),
    "infinite": sent(Decimal("Infinity")),
    "a trap": {"__type__": "decimal", "__value__": "1E+999999"},
    "no date": {"__type__": "datetime", "__value__": "yesterday"},
    "no UUID": {"__type__": "uuid", "__value__": {"hex": "x"}},
    "a UUID in other words": {"__type__": "uuid", "__value__": {"int": 7}},
    "a UUID as text": {"__type__": "uuid", "__value__": str(ID)},
    "bytes that are no text": sent(b"\xff"),
    "base64 that is none": {"__type__": "base64", "__value__": "*"},
    "a type that is none": {"__type__": "money", "__value__": "1"},
    "a type that is no text": {"__type__": [], "__value__": "1"},
    "one member too many": {"__type__": "decimal", "__value__": "1", "unit": "EUR"},
    "a value missing": {"__type__": "decimal"},
}


@pytest.mark.parametrize("odd", ODD)
def test_whatever_else_has_that_shape_stays_and_the_field_is_named(odd: str) -> None:
    assert types_as_text(ODD[odd]) == ODD[odd]
    whole = event(order_value=ODD[odd], coupons=[{"code": "A", "discount": ODD[odd]}])
    with pytest.raises(InvalidEvent) as caught:
        parse_order(types_as_text(whole), now=NOW)
    assert {error.path for error in caught.value.errors} == {"$.order_value", "$.coupons[0].discount"}


def test_an_event_of_typed_values_is_the_one_of_their_texts() -> None:
    texts = event(
        order_id=str(ID), completed_at="2026-11-21T20:15:00+00:00", order_value="219.99", email="jane@example.com",
        coupons=[{"code": "AB12", "discount": "50.95", "validation_key": "f458"}], params=["a"],
    )  # fmt: skip
    typed = texts | {
        "order_id": ID, "completed_at": datetime(2026, 11, 21, 20, 15, tzinfo=UTC), "order_value": Decimal("219.99"),
        "email": b"jane@example.com", "params": [b"a"],
        "coupons": [{"code": b"AB12", "discount": Decimal("50.95"), "validation_key": b"f458"}],
    }  # fmt: skip
    assert parse_order(types_as_text(sent(typed)), now=NOW) == parse_order(texts, now=NOW)


def test_over_the_other_doors_it_is_plain_json_and_refused_by_name() -> None:
    with pytest.raises(InvalidEvent, match=r"\$\.order_value"):
        parse_order(sent(event(order_value=Decimal("219.99"))), now=NOW)
