"""WooCommerce: the webhooks `order.created` and `order.updated`, an order as its REST API has it (v1 to v3).

https://woocommerce.github.io/woocommerce-rest-api-docs/#order-properties; signature, topics and the ping are those of
`WC_Webhook` in WooCommerce's own source.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from typing_extensions import override

from tasks.shop_systems.attributes import TEST, VALIDATION_KEY
from tasks.shop_systems.base import NothingToReport, ShopSystem
from tasks.shop_systems.coupons import UsedCode, coupons
from tasks.shop_systems.payload import Payload, exact
from tasks.signatures import hmac_sha256_base64

_TOPICS: Final = frozenset({"order.created", "order.updated", "order.restored"})
_PAID: Final = frozenset({"processing", "completed"})
_NOT_YET: Final = frozenset({"pending", "on-hold", "checkout-draft"})
_PING: Final = re.compile(rb"webhook_id=[0-9]{1,20}")
_TEST_MODES: Final = {
    "_wcpay_mode": "test",  # WooPayments
    "_ppcp_paypal_payment_mode": "sandbox",  # WooCommerce PayPal Payments
    "_mollie_payment_mode": "test",  # Mollie
}
"""What payment gateways write into an order's meta when they are in test mode."""


class WooCommerce(ShopSystem):
    """An order counts when it is paid: in the status `processing` or `completed`."""

    name: ClassVar[str] = "woocommerce"

    @override
    def is_signed(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
        return hmac_sha256_base64(body, headers.get("x-wc-webhook-signature", ""), secrets)

    @override
    def is_ping(self, headers: Mapping[str, str], body: bytes) -> bool:
        """What is sent, unsigned, when a webhook is saved: any answer but 200 is shown to the admin as an error."""
        return "x-wc-webhook-signature" not in headers and _PING.fullmatch(body) is not None

    @override
    def read(self, headers: Mapping[str, str], payload: object) -> dict[str, Any] | NothingToReport:
        if headers.get("x-wc-webhook-topic", "order.updated") not in _TOPICS:
            return NothingToReport("only the topics order.created and order.updated are of interest")
        order = Payload(payload)
        status = order.text("status")
        if status in _NOT_YET:
            return NothingToReport("the order is not paid yet: when it is, order.updated brings it")
        if status is not None and status not in _PAID:
            return NothingToReport("the order is in none of the statuses processing and completed")
        if status is not None and order.is_empty("coupon_lines"):
            return NothingToReport("the order used no voucher code")
        return _event(order)


def _event(order: Payload) -> dict[str, Any]:
    meta = _meta_of(order)
    for name in ("status", "currency", "coupon_lines"):
        if not order.has(name):
            order.fault("required", name)
    number = order.text("number") or order.text("id")
    if number is None:
        order.fault("required", "number")
    customer = order.text("customer_id")
    return order.require(
        {
            "order_id": number,
            "completed_at": _utc(order, "date_created_gmt") or _utc(order, "date_paid_gmt"),
            "gross_value": exact(order.amount("total")),
            "tax": exact(order.amount("total_tax")),
            "shipping": exact(order.amount("shipping_total")),
            "currency": order.text("currency"),
            "coupons": coupons(_codes(order), meta.text(VALIDATION_KEY), order),
            "email": order.at("billing").text("email"),
            "customer_id": None if customer == "0" else customer,
            "test": meta.says_yes(TEST) or any(meta.says(name, mode) for name, mode in _TEST_MODES.items()),
        }
    )


def _codes(order: Payload) -> list[UsedCode]:
    with_tax = order.says_yes("prices_include_tax")
    found = []
    for line in order.each("coupon_lines"):
        code = line.text("code")
        if code is None:
            line.fault("required", "code")
            continue
        tax = line.amount("discount_tax") if with_tax and line.has("discount_tax") else Decimal(0)
        discount = line.amount("discount") + tax if line.has("discount") else None
        found.append(UsedCode(code, discount, _meta_of(line).text(VALIDATION_KEY)))
    return found


def _meta_of(holder: Payload) -> Payload:
    return holder.pairs("meta_data", "key", "value")


def _utc(order: Payload, name: str) -> str | None:
    """A time that WooCommerce writes in UTC without saying so."""
    written_as = order.text(name)
    return None if written_as is None else f"{written_as.removesuffix('Z')}Z"
