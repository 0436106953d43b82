"""Shopware 6: the app webhook `checkout.order.placed`, or an order that was paid, as an order entity.

https://developer.shopware.com/docs/guides/plugins/apps/webhook.html; what an order holds is told by Shopware's own
source (`CartOrderRoute`, `AmountCalculator`, `PromotionItemBuilder`). How the secret gets there:
`worker/web/shopware_registration.py`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, ClassVar, Final

from typing_extensions import override

from tasks.shop_systems.attributes import TEST, VALIDATION_KEY
from tasks.shop_systems.base import NothingToReport, ShopSystem
from tasks.shop_systems.coupons import UsedCode, coupons
from tasks.shop_systems.payload import Payload, written
from tasks.signatures import hmac_sha256_hex

_EVENTS: Final = frozenset({"checkout.order.placed", "state_enter.order_transaction.state.paid"})
_TAX_STATES: Final = ("gross", "net", "tax-free")


def shop_secrets(secret: str) -> tuple[str, str]:
    """The two secrets that an app may be registered with under a shop's webhook secret, 64 characters each.

    Shopware 6.7 registers an app anew to change its secret, and refuses the one that it has: so it gets the other.
    Both are derived, so that nothing has to be stored, and both are valid as long as the webhook secret is.
    """
    one, other = (
        hmac.new(secret.encode(), f"redeem shopware shop secret {number}".encode(), hashlib.sha256).hexdigest()
        for number in (1, 2)
    )
    return one, other


class Shopware(ShopSystem):
    """An order counts when it is placed or paid, whichever the app's manifest asks for; both are one order."""

    name: ClassVar[str] = "shopware"

    @override
    def is_signed(self, headers: Mapping[str, str], body: bytes, secrets: Iterable[str]) -> bool:
        keys = [key for secret in secrets if secret for key in (secret, *shop_secrets(secret))]
        return hmac_sha256_hex(body, headers.get("shopware-shop-signature", ""), keys)

    @override
    def read(self, headers: Mapping[str, str], payload: object) -> dict[str, Any] | NothingToReport:
        data = Payload(payload).at("data")
        if data.has("event") and data.text("event") not in _EVENTS:
            return NothingToReport("only the event checkout.order.placed is of interest, or that an order was paid")
        order = data.at("payload").at("order")
        if order.has("lineItems") and not _promotions(order) and not order.faults:
            return NothingToReport("the order used no promotion code")
        return _event(order)


def _event(order: Payload) -> dict[str, Any]:
    fields, customer = order.at("customFields"), order.at("orderCustomer")
    currency = order.at("currency")
    for holder, name in ((order, "orderNumber"), (order, "lineItems"), (currency, "isoCode")):
        if not holder.has(name):
            holder.fault("required", name)
    is_guest = customer.at("customer").says_yes("guest")
    return order.require(
        {
            "order_id": order.text("orderNumber"),
            "completed_at": order.text("orderDateTime"),
            "order_value": written(_net(order)),
            "currency": currency.text("isoCode"),
            "coupons": coupons(_codes(order), fields.text(VALIDATION_KEY), order),
            "email": customer.text("email"),
            "customer_id": None if is_guest else customer.text("customerNumber"),
            "test": fields.says_yes(TEST),
        }
    )


def _net(order: Payload) -> Decimal:
    """All of the order without taxes, as Shopware books it before rounding for cash, less shipping without taxes."""
    price, shipping = order.at("price"), order.at("shippingCosts")
    holder = price if price.has("taxStatus") else order
    if not holder.says("taxStatus", *_TAX_STATES):
        holder.fault("must be gross, net or tax-free", "taxStatus")
    cost = shipping.amount("totalPrice")
    if holder.says("taxStatus", "gross"):
        cost -= shipping.sum_of("calculatedTaxes", "tax")
    return price.amount("netPrice") - cost


def _promotions(order: Payload) -> list[Payload]:
    """The line items of promotions that have a code; an automatic one has none. One for shipping alone costs 0.00."""
    lines = (line for line in order.each("lineItems") if line.says("type", "promotion"))
    return [line for line in lines if line.at("payload").text("code") is not None]


def _codes(order: Payload) -> list[UsedCode]:
    return [
        UsedCode(
            line.at("payload").text("code") or "",
            -line.at("price").amount("totalPrice") if line.has("price") else None,
            line.at("payload").text(VALIDATION_KEY),
        )
        for line in _promotions(order)
    ]
