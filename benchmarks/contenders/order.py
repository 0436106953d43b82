"""The event that every contender is given, about 500 bytes, and what a careful shop's own code makes of it."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

RESULTS: Final = "results"
"""The hash in which each job records how it ended, by order id."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_FIELDS: Final = ("order_id", "shop", "completed_at", "order_value", "currency", "coupons", "email")


def order_id(number: int) -> str:
    """The id of the run's order with this number."""
    return f"TOVSGH-{100_000_000 + number}"


def event(number: int) -> dict[str, Any]:
    """One order-completed event as a shop sends it."""
    return {
        "order_id": order_id(number),
        "shop": "uk",
        "completed_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "order_value": "219.99",
        "currency": "GBP",
        "coupons": [{"code": f"SKDX{number:09}", "provenance": "sovendus", "discount": "50.95"}],
        "email": f"jane.doe.the.customer.{number:09}@mail.example.com",
        "customer_id": f"customer-7d1c0b52-6e6f-4b0e-9a53-{number:012}",
        "source": "online",
        "params": ["electricals", "kitchen", "UK", "autumn-campaign-2026", "newsletter"],
        "test": False,
    }


def partner_call(order: dict[str, Any]) -> bytes:
    """Check the event, and make the body of the call. Raises ValueError for one that cannot be sent."""
    missing = [name for name in _FIELDS if not order.get(name)]
    if missing:
        raise ValueError(f"missing: {missing}")
    value = Decimal(order["order_value"])
    if value < 0 or not _CURRENCY.fullmatch(order["currency"]):
        raise ValueError("no amount of money")
    datetime.fromisoformat(order["completed_at"])
    (coupon,) = order["coupons"]
    if not isinstance(coupon["code"], str) or not coupon["code"].strip():
        raise ValueError("no code")
    return json.dumps(
        {
            "coupon_code": coupon["code"].strip(),
            "order_id": order["order_id"],
            "order_value": f"{value:.2f}",
            "order_currency": order["currency"],
            "email_hash": hashlib.md5(order["email"].strip().lower().encode(), usedforsecurity=False).hexdigest(),
        }
    ).encode()
