"""No personal data survives in an event that is kept although it is not valid."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.events import Coupon, OrderEvent
from tasks.masking import mask_event
from tasks.orders import hash_email
from tasks.plain_text import MASK
from tests.tasks.examples import ADDRESS, event

ADDRESS_LIKE = re.compile(r"[^\s\"]+(?:@|%40)[^\s\"]+\.[^\s\"]+")
NAMES = st.sampled_from([*OrderEvent.model_fields, *Coupon.model_fields, "emailAddress", "e-mail", ADDRESS]) | st.text()
ADDRESSES = st.builds(
    "{}{}@{}{}".format,
    st.text(max_size=5),
    st.sampled_from(["jane.doe", "o'hara", '"jane"', "a+b", "müller", "a%b"]),
    st.sampled_from(["example.com", "bücher.example", "[127.0.0.1]", "x.y"]),
    st.text(max_size=5),
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | ADDRESSES
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | ADDRESSES, inner, max_size=5),
    max_leaves=15,
)
EVENTS = st.dictionaries(NAMES, JSON | st.lists(st.dictionaries(NAMES, JSON, max_size=4), max_size=3), max_size=8)


@given(EVENTS | JSON)
def test_no_address_survives(whole: Any) -> None:  # noqa: ANN401 - any JSON value
    kept = json.dumps(mask_event(whole), ensure_ascii=False)
    kept.encode()
    assert "@" not in kept
    assert not ADDRESS_LIKE.search(kept)


@given(NAMES)
def test_no_value_of_an_unknown_field_survives(name: str) -> None:
    assume(name not in {"order_id", "coupons"} and "s3cr3t" not in name)
    nested = {name: {"deep": ["an s3cr3t"]}}
    assert "s3cr3t" not in json.dumps(mask_event({"order_id": "1", "coupons": [{"code": "A"} | nested]} | nested))


def test_the_address_becomes_its_hash() -> None:
    assert mask_event({"email": f" {ADDRESS} "}) == {"email_hash": hash_email(ADDRESS)}


@pytest.mark.parametrize("email", ["jane", 7, None, [ADDRESS], {"address": ADDRESS}, "\ud83d@example.com"])
def test_what_is_no_address_is_masked_in_its_place(email: object) -> None:
    assert mask_event({"email": email}) == {"email": MASK}


def test_the_customers_identifier_goes() -> None:
    assert mask_event({"customer_id": "customer-7"}) == {"customer_id": MASK}


def test_what_is_needed_to_mend_the_event_stays() -> None:
    whole = event(order_value="219,99", params=["a", ""], coupons=[{"code": "AB12", "discount": 1.5}, "odd", None])
    assert mask_event(whole) == whole


@pytest.mark.parametrize(
    ("whole", "kept"),
    [
        ({"source": {"a": 1}}, {"source": MASK}),
        ({"order_value": {"amount": "2 pairs of shoes"}}, {"order_value": {"amount": MASK}}),
        ({"coupons": {"code": "A", "buyer": "Jane"}}, {"coupons": {"code": "A", "buyer": MASK}}),
        ({"params": [["a"], {"b": 1}, "c"]}, {"params": [MASK, MASK, "c"]}),
        ({"order_id": "a\ud83db"}, {"order_id": MASK}),
        ({7: "x"}, {"7": MASK}),
        (f"order of {ADDRESS}", f"order of {MASK}"),
        ([{"email": ADDRESS}], [MASK]),
        (None, None),
    ],
)
def test_the_shape_stays_as_far_as_it_is_one(whole: object, kept: object) -> None:
    assert mask_event(whole) == kept


@pytest.mark.parametrize(
    "whole",
    [
        {"order_value": 219.99},
        {"order_value": {"amount": "219,99", "currency": "GBP"}},
        {"order_value": {"__type__": "decimal", "__value__": "219,99"}},
        {"order_value": {"$numberDecimal": "219.99"}},
        {"order_value": ["219.99", "GBP"]},
        {"gross_value": {"value": "219,99 €"}, "tax": {"value": "£1.50"}, "shipping": {"value": "1'000.00 CHF"}},
        {"currency": ["GBP"]},
        {"completed_at": {"date": "2026-11-21 20:15:00.000000", "timezone_type": 3, "timezone": "UTC"}},
        {"completed_at": [2026, 11, 21, 20, 15]},
        {"completed_at": {"__type__": "datetime", "__value__": "2026-11-21T20:15"}},
        {"order_id": {"__type__": "uuid", "__value__": {"hex": "6f9619ff8b864011b42d00cf4fc964ff", "is_safe": 0}}},
        {"order_id": {"$oid": "507f1f77bcf86cd799439011"}},
        {"order_id": ["A-17"], "shop": {"name": "uk"}},
        {"coupons": {"code": {"value": "SUMMER"}, "discount": {"value": 5.5}}},
        {"coupons": {"0": {"code": "A"}, "2": {"code": "B", "discount": "5,00"}}},
        {"coupons": [{"code": ["SUMMER"], "discount": ["5,00"], "Code": "WINTER"}]},
        {"order_vlaue": "219,99", "orderValue": "1.00", "order-value": 2, "ordervalue": 3},
        {"curency": "GBP", "completedAt": "2026-11-21T20:15:00Z", "orderId": "A-17", "oder_id": 4711},
        {"coupon": "SUMMER"},
        {"coupon": [{"code": "SUMMER"}], "Coupons": {"code": "SUMMER"}},
        {"total": "219.99", "amount": 219.95, "unit": "EUR", "is_gift": True, "note": None},
    ],
    ids=str,
)
def test_what_is_neither_personal_nor_secret_stays_whatever_its_type_and_name(whole: object) -> None:
    assert mask_event(whole) == whole


@pytest.mark.parametrize(
    "whole",
    [
        {"order_id": {"id": 7, "name": "Jane", "street": "5 High St", "zip": "12345", "phone": "+49170123"}},
        {"order_id": {"customer": {"first": {"name": {"of": "Jane1"}}}}},
        {"order_id": {"name": "Jane Doe"}, "completed_at": {"by": "Jane"}, "order_value": {"for": "Jane 7"}},
        {"e-mail": "jane", "Email": "jane", "emial": "jane", "customer-id": "jane7", "customerNo": 7, "customer": 7.25},
        {"completed_by": "Jane", "phone": "+49170123", "born": "1990-01-01", "zip": 12345, "customer_code": 12345.0},
        {"order_value": {"email": "7", "customer_id": 7}},
        {"coupons": {"buyer": "Jane7", "born": "1990-01-01"}, "coupon": "Jane Doe"},
    ],
    ids=str,
)
def test_what_may_be_a_persons_goes_wherever_it_stands(whole: Any) -> None:  # noqa: ANN401 - any JSON value
    kept = json.dumps(mask_event(whole)).lower()
    assert not re.search(r"jane|high st|12345|\+49|1990|: 7", kept), kept


@pytest.mark.parametrize("field", ["order_id", "coupons", "params", "surprise"])
def test_no_nesting_is_too_deep(field: str) -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    json.dumps(mask_event({field: deep, "coupons": [deep]} | {field: deep}))
    while deep:  # a list nested so deeply is taken apart here, step by step
        deep = deep.pop()
