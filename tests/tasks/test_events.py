"""The event, field by field, as the contract has it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from tasks.events import parse_event
from tasks.invalid_event import InvalidEvent
from tests.tasks.complaints import errors, errors_of
from tests.tasks.examples import PLACED, event


def test_the_contracts_own_example() -> None:
    parsed = parse_event(
        event(
            coupons=[
                {"code": "AB12E3GH", "provenance": "uniqodo", "validation_key": "f458", "discount": "50.95"},
                {"code": "SKDXXR4324"},
            ],
            email_hash="1D94E91AAFAEBD74135E7B9195045BF5",
            customer_id="7",
            source="online",
            params=["electricals", "", "UK"],
            test=False,
        )
    )
    assert [one.code for one in parsed.coupons or ()] == ["AB12E3GH", "SKDXXR4324"]
    assert parsed.completed_at == PLACED
    assert parsed.net_value() == Decimal("219.99")
    assert parsed.email_hash == "1d94e91aafaebd74135e7b9195045bf5"
    assert parsed.params == ["electricals", "", "UK"]


def test_an_order_number_is_enough() -> None:
    parsed = parse_event({"order_id": "1"})
    assert (parsed.shop, parsed.test, parsed.coupons, parsed.net_value()) == ("default", False, None, None)


@pytest.mark.parametrize(
    ("no_event", "named"),
    [("x", "a string"), ([], "an array"), (None, "null"), (1.5, "a number"), (7, "a number"), (True, "a boolean")],
)
def test_an_event_is_an_object(no_event: object, named: str) -> None:
    assert errors_of(no_event) == {"$": f"must be a JSON object, not {named}"}


OPTIONAL = ["completed_at", "order_value", "gross_value", "tax", "shipping", "currency", "coupons", "email",
            "email_hash", "customer_id", "source", "params"]  # fmt: skip


@pytest.mark.parametrize("field", OPTIONAL)
def test_null_is_absent(field: str) -> None:
    changes = {"order_value": None, "currency": "GBP", field: None}
    assert getattr(parse_event(event(**changes)), field) is None


@pytest.mark.parametrize("field", ["code", "provenance", "validation_key", "discount"])
def test_null_is_absent_in_a_coupon_too(field: str) -> None:
    whole = event(coupons=[{"code": "A", field: None}])
    if field == "code":
        assert "$.coupons[0].code" in errors_of(whole)
    else:
        assert parse_event(whole).coupons


@pytest.mark.parametrize("field", ["order_id", "shop", "test"])
def test_null_is_refused_where_there_is_always_something(field: str) -> None:
    assert list(errors(**{field: None})) == [f"$.{field}"]


def test_an_absent_order_number_is_named() -> None:
    assert errors(order_id=...) == {"$.order_id": "required"}
    assert errors(coupons=[{"discount": "1"}]) == {"$.coupons[0].code": "required"}


def test_unknown_fields_are_refused_by_name_inside_coupons_too() -> None:
    assert errors(order_vlaue="1", coupons=[{"code": "A"}, {"code": "B", "valKey": "f"}]) == {
        "$.order_vlaue": "unknown field",
        "$.coupons[1].valKey": "unknown field",
    }


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("first name", "$['first name']"),
        ("it's", r"$['it\'s']"),
        ("a\\b", r"$['a\\b']"),
        ("", "$['']"),
        ("a\x1b[31m", "$['a\N{REPLACEMENT CHARACTER}[31m']"),
        ("jane@example.com", "$['[masked]']"),
        ("größe", "$.größe"),
        ("x" * 100, f"$['{'x' * 64}']"),
    ],
)
def test_a_strange_name_is_shown_as_it_can_be(name: str, path: str) -> None:
    assert errors(**{name: "1"}) == {path: "unknown field"}


def test_everything_wrong_is_told_at_once_up_to_a_bound() -> None:
    assert list(errors(order_id="", currency="gbp", completed_at="now", test=3)) == [
        "$.order_id", "$.completed_at", "$.currency", "$.test",
    ]  # fmt: skip
    with pytest.raises(InvalidEvent) as caught:
        parse_event(event(**{f"field{number}": 1 for number in range(1000)}))
    assert len(caught.value.errors) == 21
    assert str(caught.value.errors[-1]) == "$: and 980 more"


@pytest.mark.parametrize("field", ["order_value", "coupons", "surprise", "order_id"])
def test_deep_nesting_is_just_another_wrong_value(field: str) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    assert errors(**{field: deep})
    while deep:  # a list nested so deeply is taken apart here, step by step
        deep = deep.pop()


SECRET = "s3cr3t-jane@example.com"


@pytest.mark.parametrize("field", [*OPTIONAL, "order_id", "shop", "test", "surprise"])
@pytest.mark.parametrize("make", [lambda text: text, lambda text: [text], lambda text: {text: text}])
def test_a_complaint_never_holds_a_value(field: str, make: Any) -> None:  # noqa: ANN401 - makes any JSON value
    with pytest.raises(InvalidEvent) as caught:
        parse_event(event(**{"order_value": ..., field: make(f"{SECRET}\n{'x' * 999}")}))
    assert caught.value.errors
    assert "s3cr3t" not in f"{caught.value} {caught.value!r} {caught.value.errors}"
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


def test_an_event_comes_as_json_gives_it() -> None:
    parse_event(json.loads(json.dumps(event())))
