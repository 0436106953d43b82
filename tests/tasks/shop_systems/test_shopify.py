from __future__ import annotations

import pytest

from tasks.shop_systems import SYSTEMS, NothingToReport
from tests.tasks.shop_systems.deliveries import payload

SHOPIFY = SYSTEMS["shopify"]


@pytest.mark.parametrize(
    "topic", ["orders/create", "orders/updated", "orders/cancelled", "products/update", "app/uninstalled"]
)
def test_other_topics_are_nothing_to_report(topic: str) -> None:
    assert isinstance(SHOPIFY.read({"x-shopify-topic": topic}, {}), NothingToReport)


def test_a_test_notification_is_known_by_its_header() -> None:
    headers = {"x-shopify-topic": "orders/paid", "x-shopify-test": "true"}
    event = SHOPIFY.read(headers, payload("shopify_vat_included"))
    assert isinstance(event, dict)
    assert event["test"] is True


def test_a_cart_attribute_marks_a_test_order() -> None:
    order = payload("shopify_vat_included") | {"note_attributes": [{"name": "redeem_test", "value": "true"}]}
    event = SHOPIFY.read({}, order)
    assert isinstance(event, dict)
    assert event["test"] is True


@pytest.mark.parametrize(
    ("name", "number"), [("#1622", "1622"), ("EN1622", "EN1622"), ("# 1622-A", "1622-A"), (1622, "1622")]
)
def test_the_number_is_the_one_that_people_see(name: object, number: str) -> None:
    event = SHOPIFY.read({}, payload("shopify_vat_included") | {"name": name})
    assert isinstance(event, dict)
    assert event["order_id"] == number


def test_an_order_that_was_edited_counts_as_it_is_now() -> None:
    changes = {"current_subtotal_price": "60.00", "current_total_tax": "10.83"}
    event = SHOPIFY.read({}, payload("shopify_vat_included") | changes)
    assert isinstance(event, dict)
    assert event["order_value"] == "50.00"


def test_an_old_api_version_without_current_amounts_is_read() -> None:
    order = payload("shopify_vat_included")
    event = SHOPIFY.read({}, {name: value for name, value in order.items() if not name.startswith("current_")})
    assert isinstance(event, dict)
    assert event["order_value"] == "75.00"


def test_the_tax_of_a_shipping_line_that_was_taken_out_is_not_the_order_s() -> None:
    order = payload("shopify_vat_included")
    order["shipping_lines"].append(order["shipping_lines"][0] | {"is_removed": True})
    event = SHOPIFY.read({}, order)
    assert isinstance(event, dict)
    assert event["order_value"] == "75.00"


def test_a_discount_without_a_code_is_no_code() -> None:
    order = payload("shopify_vat_included")
    order["discount_codes"].insert(0, {"code": "", "amount": "1.00", "type": "fixed_amount"})
    event = SHOPIFY.read({}, order)
    assert isinstance(event, dict)
    assert [coupon["code"] for coupon in event["coupons"]] == ["SKDXXR4324"]
