"""Values, currency and discount of an event."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.events import parse_event
from tests.tasks.complaints import errors
from tests.tasks.examples import event


@pytest.mark.parametrize(
    ("written", "value"),
    [("219.99", "219.99"), (219, "219.00"), ("0", "0.00"), (0, "0.00"), ("0.00", "0.00"), (" 12.5 ", "12.50"),
     ("0.005", "0.01"), ("999999999999.99", "999999999999.99")],
)  # fmt: skip
def test_a_value_is_a_decimal(written: object, value: str) -> None:
    assert str(parse_event(event(order_value=written)).net_value()) == value


@pytest.mark.parametrize(
    ("written", "complaint"),
    [
        (219.99, "a float is not"),
        (219.0, "a float is not"),
        (float("nan"), "a float is not"),
        (True, "must be a decimal string"),
        ([], "must be a decimal string"),
        ({"amount": "1"}, "must be a decimal string"),
        ("-1", "must not be negative"),
        (-1, "must not be negative"),
        ("-0.001", "must not be negative"),
        ("219,99", "with a dot"),
        ("1,219.99", "with a dot"),
        ("£219.99", "with a dot"),
        ("219.99 GBP", "with a dot"),
        ("1e3", "with a dot"),
        ("NaN", "with a dot"),
        ("Infinity", "with a dot"),
        ("", "with a dot"),
        (".5", "with a dot"),
        ("5.", "with a dot"),
        ("+5", "with a dot"),
        ("1_000", "with a dot"),
        ("١٢", "with a dot"),
        ("1\n2", "with a dot"),
        ("1.1234567", "with a dot"),
        ("1234567890123", "with a dot"),
        (10**12, "at most 12 digits"),
        pytest.param(10**5000, "at most 12 digits", id="huge"),
        pytest.param(-(10**5000), "at most 12 digits", id="hugely negative"),
    ],
)
@pytest.mark.parametrize("field", ["order_value", "discount"])
def test_what_is_no_decimal_is_refused(field: str, written: object, complaint: str) -> None:
    changes = {"order_value": written} if field == "order_value" else {"coupons": [{"code": "A", "discount": written}]}
    [(path, message)] = errors(**changes).items()
    assert path == ("$.order_value" if field == "order_value" else "$.coupons[0].discount")
    assert complaint in message


@pytest.mark.parametrize("code", ["GBP", "EUR", "CHF", "PLN", "SEK", "DKK", "NOK", "USD", "JPY"])
def test_a_currency_is_in_iso_4217(code: str) -> None:
    assert parse_event(event(currency=code)).currency == code


@pytest.mark.parametrize("code", ["gbp", "£", "GBX", "", "EURO", " EUR", "\ud800"])
def test_what_is_no_currency_is_refused(code: str) -> None:
    assert errors(currency=code) == {"$.currency": 'must be an ISO 4217 code in upper case, such as "GBP"'}


def test_a_currency_that_is_no_text_is_refused() -> None:
    assert list(errors(currency=826)) == ["$.currency"]


@pytest.mark.parametrize(
    "value",
    [{"order_value": "1.00"}, {"order_value": ..., "gross_value": "119", "tax": "19", "shipping": 0}],
)
def test_a_value_needs_its_currency(value: dict[str, object]) -> None:
    assert errors(currency=..., **value) == {"$.currency": "required with a value"}


def parts(gross: object, tax: object, shipping: object) -> dict[str, Any]:
    return {"order_value": ..., "gross_value": gross, "tax": tax, "shipping": shipping}


@pytest.mark.parametrize(
    ("gross", "tax", "shipping", "net"),
    [
        ("119.00", "19.00", "0", "100.00"),  # 19 % on 100.00
        ("124.95", "19.95", "5.00", "100.00"),  # the VAT of 5.00 shipping is in the tax
        (119, 19, 0, "100.00"),
        ("10.005", "0.00", "0.00", "10.01"),
        ("10.004", "0.004", "0.001", "10.00"),
        ("5.00", "0.50", "4.50", "0.00"),
    ],
)
def test_net_from_its_parts(gross: object, tax: object, shipping: object, net: str) -> None:
    assert str(parse_event(event(**parts(gross, tax, shipping))).net_value()) == net


@pytest.mark.parametrize("missing", ["gross_value", "tax", "shipping"])
def test_parts_come_together(missing: str) -> None:
    changes = parts("119", "19", "0") | {missing: ...}
    [(path, message)] = errors(**changes).items()
    assert path == f"$.{missing}"
    assert message.startswith("required with ")


@pytest.mark.parametrize("part", ["gross_value", "tax", "shipping"])
def test_parts_or_the_value_but_not_both(part: str) -> None:
    assert errors(**{part: "1"}) == {"$.order_value": f"given together with {part}: give one or the other"}


def test_parts_that_contradict_each_other_are_refused() -> None:
    assert list(errors(**parts("19", "119", "0"))) == ["$.gross_value"]
    assert list(errors(**parts("1.00", "0.50", "0.51"))) == ["$.gross_value"]
    assert str(parse_event(event(**parts("1.00", "0.50", "0.504"))).net_value()) == "0.00"
