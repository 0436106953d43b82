"""The order behind a redemption, as far as the ledger knows it: with one code, and the address as its hash. Pure."""

from __future__ import annotations

from typing import Any

from tasks.events import Coupon
from tasks.orders import Order
from tasks.redemption import Redemption


def order_of(known: Redemption) -> Order:
    """The order; nothing is validated again."""
    coupon = Coupon.model_construct(
        code=known.code, provenance=known.provenance, validation_key=known.validation_key, discount=known.discount
    )
    return Order(
        order_id=known.order_id,
        shop=known.shop,
        completed_at=known.completed_at,
        order_value=known.order_value,
        currency=known.currency,
        coupons=(coupon,),
        email_hash=known.email_hash,
        customer_id=known.customer_id,
        source=known.source,
        params=known.params,
        test=known.test,
    )


def event_of(known: Redemption) -> dict[str, Any]:
    """The same as an event, to be amended and validated."""
    coupon = {
        "code": known.code,
        "provenance": known.provenance,
        "validation_key": known.validation_key,
        "discount": None if known.discount is None else str(known.discount),
    }
    return {
        "order_id": known.order_id,
        "shop": known.shop,
        "completed_at": known.completed_at.isoformat(),
        "order_value": None if known.order_value is None else str(known.order_value),
        "currency": known.currency,
        "coupons": [coupon],
        "email_hash": known.email_hash,
        "customer_id": known.customer_id,
        "source": known.source,
        "params": list(known.params),
        "test": known.test,
    }
