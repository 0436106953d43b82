from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tasks.orders import hash_email, parse_order
from tasks.shop_systems import SYSTEMS, NothingToReport
from tests.tasks.shop_systems.deliveries import NAMES, PERSONAL, PLACED, body, payload

ERIKA, JANE = "erika.mustermann@example.com", "jane.doe@example.com"


def one(code: str, discount: str, key: str | None = None) -> dict[str, str]:
    return {"code": code, "discount": discount} | ({"validation_key": key} if key else {})


# Fixture: order, net value, currency, codes with what they took off, whose, and customer; more where it differs.
REPORTED: dict[str, tuple[Any, ...]] = {
    "woocommerce_vat_included": ("4750", "90.00", "EUR", [one("skdxxr4324", "11.90")], ERIKA, "26"),
    "woocommerce_vat_excluded_two_codes": (
        "4751", "167.98", "USD", [one("ab12e3gh", "20.00", "f458a1c9"), one("SKDXXR4324", "21.99")], ERIKA, "26",
    ),
    "woocommerce_full_discount": ("4752", "0.00", "EUR", [one("AB12E3GH", "119.00", "f458a1c9")], ERIKA, "26"),
    "woocommerce_guest_fee_foreign_currency": ("4754", "114.63", "CHF", [one("SKDXXR4324", "10.81")], ERIKA, None),
    "woocommerce_test_mode": ("4755", "90.00", "EUR", [one("skdxxr4324", "11.90")], ERIKA, "26", True),
    "woocommerce_partly_refunded": ("4758", "90.00", "EUR", [one("skdxxr4324", "11.90")], ERIKA, "26"),
    "shopify_vat_included": ("1622", "75.00", "GBP", [one("SKDXXR4324", "10.00")], JANE, "7381137686614"),
    "shopify_taxes_excluded_tip_duties": (
        "US1623", "169.98", "USD", [one("ab12e3gh", "20.00", "f458a1c9")], JANE, "7381137686614",
    ),
    "shopify_vat_included_with_duties": ("1629", "100.00", "GBP", [one("SKDXXR4324", "0.00")], JANE, "7381137686614"),
    "shopify_full_discount": ("1624", "0.00", "GBP", [one("AB12E3GH", "100.00", "f458a1c9")], JANE, "7381137686614"),
    "shopify_foreign_currency_guest_two_codes": (
        "1626", "66.67", "GBP", [one("AB12E3GH", "10.00", "f458a1c9"), one("SKDXXR4324", "10.00")],
        "guest@example.com", None,
    ),
    "shopify_test_order": ("1627", "75.00", "GBP", [one("SKDXXR4324", "10.00")], JANE, "7381137686614", True),
    "shopify_free_shipping_code": ("1628", "83.33", "GBP", [one("FREESHIP", "4.99")], JANE, "7381137686614"),
    "shopware_gross": ("10145", "90.00", "EUR", [one("SKDXXR4324", "11.90")], ERIKA, "10026"),
    "shopware_net_two_rates_two_codes": (
        "10146", "204.40", "EUR", [one("ab12e3gh", "18.03", "f458a1c9"), one("SKDXXR4324", "2.50")], ERIKA, "10026",
    ),
    "shopware_tax_free": ("10147", "100.00", "CHF", [one("AB12E3GH", "10.00", "f458a1c9")], ERIKA, "10026"),
    "shopware_full_discount_guest": ("10148", "0.00", "EUR", [one("AB12E3GH", "119.00", "f458a1c9")], ERIKA, None),
    "shopware_free_shipping_code_and_automatic": ("10149", "95.00", "EUR", [one("FREESHIP", "0.00")], ERIKA, "10026"),
    "shopware_one_code_two_discounts": ("10150", "85.00", "EUR", [one("SKDXXR4324", "17.85")], ERIKA, "10026"),
    "shopware_test_paid": ("10152", "90.00", "EUR", [one("SKDXXR4324", "11.90")], ERIKA, "10026", True),
}  # fmt: skip
UNREPORTED = {
    "woocommerce_no_code": "no voucher code",
    "woocommerce_on_hold": "not paid yet",
    "woocommerce_cancelled": "processing and completed",
    "woocommerce_refunded": "processing and completed",
    "shopify_no_code": "no discount code",
    "shopify_cancelled": "cancelled",
    "shopware_no_code": "no promotion code",
}


def test_every_fixture_is_expected_to_be_something() -> None:
    assert sorted([*REPORTED, *UNREPORTED]) == NAMES


def test_what_must_show_nowhere_stands_in_the_payloads() -> None:
    whole = "".join(body(name).decode() for name in NAMES)
    assert [word for word in PERSONAL if word not in whole] == []


@pytest.mark.parametrize("name", REPORTED)
def test_an_order_becomes_its_event(name: str) -> None:
    number, value, currency, codes, email, customer, *is_test = REPORTED[name]
    event = SYSTEMS[name.partition("_")[0]].read({}, payload(name))
    assert isinstance(event, dict)
    order = parse_order(event | {"shop": "uk"}, now=PLACED + timedelta(minutes=15))
    assert (order.order_id, order.order_value, order.currency) == (number, Decimal(value), currency)
    assert [coupon.model_dump(exclude_none=True) for coupon in order.coupons] == [
        code | {"discount": Decimal(code["discount"])} for code in codes
    ]
    assert (order.email_hash, order.customer_id) == (hash_email(email), customer)
    assert order.completed_at.replace(microsecond=0) == PLACED
    assert order.test is bool(is_test)


@pytest.mark.parametrize("name", UNREPORTED)
def test_what_is_not_to_be_reported_says_why(name: str) -> None:
    found = SYSTEMS[name.partition("_")[0]].read({}, payload(name))
    assert isinstance(found, NothingToReport)
    assert UNREPORTED[name] in found.why
