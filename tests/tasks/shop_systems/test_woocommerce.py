from __future__ import annotations

import pytest

from tasks.shop_systems import SYSTEMS, NothingToReport
from tests.tasks.shop_systems.deliveries import payload

WOOCOMMERCE = SYSTEMS["woocommerce"]


@pytest.mark.parametrize("topic", ["order.created", "order.updated", "order.restored"])
def test_these_topics_are_read(topic: str) -> None:
    event = WOOCOMMERCE.read({"x-wc-webhook-topic": topic}, payload("woocommerce_vat_included"))
    assert isinstance(event, dict)


@pytest.mark.parametrize(
    "topic", ["order.deleted", "product.updated", "coupon.created", "action.woocommerce_added", ""]
)
def test_others_are_nothing_to_report_whatever_they_hold(topic: str) -> None:
    assert isinstance(WOOCOMMERCE.read({"x-wc-webhook-topic": topic}, {"id": 4750}), NothingToReport)


@pytest.mark.parametrize("status", ["processing", "completed"])
def test_an_order_counts_when_it_is_paid(status: str) -> None:
    assert isinstance(WOOCOMMERCE.read({}, payload("woocommerce_vat_included") | {"status": status}), dict)


@pytest.mark.parametrize("status", ["pending", "on-hold", "failed", "cancelled", "refunded", "trash", "wc-shipped"])
def test_not_before_and_not_when_it_came_to_nothing(status: str) -> None:
    found = WOOCOMMERCE.read({}, payload("woocommerce_vat_included") | {"status": status})
    assert isinstance(found, NothingToReport)


@pytest.mark.parametrize(
    ("key", "value", "is_test"),
    [
        ("_wcpay_mode", "test", True),
        ("_wcpay_mode", "prod", False),
        ("_ppcp_paypal_payment_mode", "sandbox", True),
        ("_ppcp_paypal_payment_mode", "live", False),
        ("_mollie_payment_mode", "test", True),
        ("redeem_test", "yes", True),
        ("redeem_test", "1", True),
        ("redeem_test", True, True),
        ("redeem_test", "no", False),
        ("redeem_test", ["yes"], False),
    ],
)
def test_test_orders_are_known_by_their_meta(key: str, value: object, *, is_test: bool) -> None:
    order = payload("woocommerce_vat_included") | {"meta_data": [{"id": 1, "key": key, "value": value}]}
    event = WOOCOMMERCE.read({}, order)
    assert isinstance(event, dict)
    assert event["test"] is is_test


def test_the_discount_is_what_the_customer_saw() -> None:
    order = payload("woocommerce_vat_included") | {"prices_include_tax": False}
    event = WOOCOMMERCE.read({}, order)
    assert isinstance(event, dict)
    assert event["coupons"][0]["discount"] == "10.00"


def test_parts_keep_what_woocommerce_did_not_round() -> None:
    event = WOOCOMMERCE.read({}, payload("woocommerce_vat_included") | {"total_tax": "17.8857"})
    assert isinstance(event, dict)
    assert (event["gross_value"], event["tax"]) == ("112.05", "17.8857")


@pytest.mark.parametrize("body", [b"webhook_id=1", b"webhook_id=4711"])
def test_a_ping_is_one(body: bytes) -> None:
    assert WOOCOMMERCE.is_ping({}, body)


@pytest.mark.parametrize("body", [b"", b"webhook_id=", b"webhook_id=1&order=2", b'{"webhook_id": 1}', b"webhook_id=x"])
def test_nothing_else_is(body: bytes) -> None:
    assert not WOOCOMMERCE.is_ping({}, body)
    assert not WOOCOMMERCE.is_ping({"x-wc-webhook-signature": "x"}, b"webhook_id=1")
