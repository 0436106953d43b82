"""Shopify: the webhook `orders/paid`, an order as its REST Admin API has it.

https://shopify.dev/docs/api/admin-rest/latest/resources/order; signature and headers:
https://shopify.dev/docs/apps/build/webhooks/subscribe/https.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from typing_extensions import override

from tasks.shop_systems.attributes import TEST, VALIDATION_KEY
from tasks.shop_systems.base import NothingToReport, ShopSystem
from tasks.shop_systems.coupons import UsedCode, coupons
from tasks.shop_systems.payload import Payload, written
from tasks.signatures import hmac_sha256_base64

_TOPIC: Final = "orders/paid"


class Shopify(ShopSystem):
    """An order counts when it is paid. Amounts are in the shop's currency, whatever the customer paid in."""

    name: ClassVar[str] = "shopify"

    @override
    def is_signed(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
        return hmac_sha256_base64(body, headers.get("x-shopify-hmac-sha256", ""), secrets)

    @override
    def read(self, headers: Mapping[str, str], payload: object) -> dict[str, Any] | NothingToReport:
        if headers.get("x-shopify-topic", _TOPIC) != _TOPIC:
            return NothingToReport("only the topic orders/paid is of interest")
        order = Payload(payload)
        if order.has("cancelled_at"):
            return NothingToReport("the order is cancelled")
        if order.has("name") and order.is_empty("discount_codes"):
            return NothingToReport("the order used no discount code")
        return _event(order, is_test=headers.get("x-shopify-test", "").lower() == "true")


def _event(order: Payload, *, is_test: bool) -> dict[str, Any]:
    attributes = order.pairs("note_attributes", "name", "value")
    number = (order.text("name") or "").removeprefix("#").strip()
    if not number:
        order.fault("required", "name")
    for name in ("currency", "discount_codes"):
        if not order.has(name):
            order.fault("required", name)
    return order.require(
        {
            "order_id": number or None,
            "completed_at": order.text("processed_at") or order.text("created_at"),
            "order_value": written(_net(order)),
            "currency": order.text("currency"),
            "coupons": coupons(_codes(order), attributes.text(VALIDATION_KEY), order),
            "email": order.text("email") or order.text("contact_email"),
            "customer_id": order.at("customer").text("id"),
            "test": is_test or order.says_yes("test") or attributes.says_yes(TEST),
        }
    )


def _net(order: Payload) -> Decimal:
    """The goods after discounts, without VAT. Shipping, tips, duties and import fees are no part of the subtotal.

    Where prices include taxes so does the subtotal; of the order's taxes those of the goods then go.
    """
    subtotal = _current(order, "subtotal_price")
    if not order.says_yes("taxes_included"):
        return subtotal
    return subtotal - (_current(order, "total_tax") - _taxes_on_others(order))


def _taxes_on_others(order: Payload) -> Decimal:
    """The taxes within the order's that are not on goods: those on shipping and duties."""
    shipping = [line for line in order.each("shipping_lines") if not line.says_yes("is_removed")]
    duties = [duty for line in order.each("line_items") for duty in line.each("duties")]
    return sum((part.sum_of("tax_lines", "price") for part in (*shipping, *duties)), Decimal(0))


def _current(order: Payload, name: str) -> Decimal:
    """The amount after edits of the order, which versions of the API before 2021 do not tell."""
    current = f"current_{name}"
    return order.amount(current if order.has(current) else name)


def _codes(order: Payload) -> list[UsedCode]:
    found = []
    for line in order.each("discount_codes"):
        if line.member("code") == "":  # a discount that staff gave by hand
            continue
        code = line.text("code")
        if code is None:
            line.fault("required", "code")
        else:
            found.append(UsedCode(code, line.amount("amount") if line.has("amount") else None))
    return found
