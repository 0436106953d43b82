"""The committed schema is what `redeem schema` prints, and says the same as the model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tasks.events import event_schema, parse_event
from tasks.invalid_event import InvalidEvent
from tests.tasks.examples import event

COMMITTED = Path(__file__).parents[2] / "docs" / "event.schema.json"

VALID: list[dict[str, Any]] = [
    {"order_id": "1"},
    event(),
    event(order_value=219),
    event(coupons=[]),
    event(order_value=..., gross_value="119.00", tax="19.00", shipping=0),
    event(coupons=[{"code": "A", "provenance": "none", "validation_key": "f", "discount": "1.5"}]),
    event(email="jane@example.com", customer_id="7", source="online", params=["a", "", "b"], test=True),
    event(email_hash="1d94e91aafaebd74135e7b9195045bf5"),
    event(completed_at=None, coupons=None, email=None),
]
INVALID: list[object] = [
    [],
    {},
    event(order_id=""),
    event(order_id=7),
    event(order_value=219.99),
    event(order_value="219,99"),
    event(order_value="-1"),
    event(order_value=-1),
    event(order_value=10**12),
    event(order_vlaue="1"),
    event(currency="gbp"),
    event(currency=...),
    event(gross_value="119"),
    event(order_value=..., gross_value="119.00", tax="19.00"),
    event(order_value=..., gross_value="119.00", tax="19.00", shipping="0", currency=...),
    event(coupons=[{"code": "A", "valKey": "f"}]),
    event(coupons=[{"provenance": "none"}]),
    event(coupons=[{"code": "A", "provenance": "groupon"}]),
    event(coupons=[{"code": "A"}] * 51),
    event(email_hash="1d94"),
    event(email="jane"),
    event(params=["x"] * 21),
    event(test="no"),
]


def validator() -> Draft202012Validator:
    schema = json.loads(COMMITTED.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def test_the_committed_file_is_up_to_date() -> None:
    assert json.loads(COMMITTED.read_text(encoding="utf-8")) == event_schema(), (
        "run: redeem schema > docs/event.schema.json"
    )


def test_it_is_a_schema_of_2020_12() -> None:
    assert event_schema()["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    validator()


@pytest.mark.parametrize("whole", VALID)
def test_what_the_model_takes_the_schema_takes(whole: dict[str, Any]) -> None:
    parse_event(whole)
    validator().validate(whole)


@pytest.mark.parametrize("whole", INVALID)
def test_what_the_model_refuses_the_schema_refuses(whole: object) -> None:
    with pytest.raises(InvalidEvent):
        parse_event(whole)
    assert not validator().is_valid(whole)
