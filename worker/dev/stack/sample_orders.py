"""Orders that show a newcomer each thing that can become of a code; the sandbox reads the marks in the codes."""

from __future__ import annotations

from typing import Any, Final

from worker.dev.stack.demo_shop import SHOP

_CODES: Final[tuple[tuple[str, tuple[dict[str, str], ...]], ...]] = (
    ("219.99", ({"code": "SKDXXR4324"},)),
    ("89.50", ({"code": "SPRING-7HK2"}, {"code": "AB12E3GH", "validation_key": "f458c1", "discount": "10.00"})),
    ("0.00", ({"code": "GIFT-100-PERCENT"},)),
    ("54.20", ({"code": "SUMMER-503x2"},)),  # 503 twice, then it works
    ("31.00", ({"code": "UQ7M+RESET", "provenance": "uniqodo"},)),  # redeemed, but the answer is lost
    ("120.00", ({"code": "UNKNOWN-22", "provenance": "uniqodo", "discount": "5.00"},)),  # error 204
    ("75.25", ({"code": "REDEEMED-9", "provenance": "uniqodo"},)),  # error 201 on the first attempt
)
"""Order value in euros, and the order's coupons."""


def sample_orders(now: int) -> list[dict[str, Any]]:
    """Order-completed events of the demo shop. `now` (seconds since the epoch) makes their order ids a run's own."""
    return [
        {
            "order_id": f"{_base36(now)}-{number}",
            "shop": SHOP,
            "order_value": value,
            "currency": "EUR",
            "email": f"customer-{number}@example.com",
            "coupons": list(coupons),
        }
        for number, (value, coupons) in enumerate(_CODES, start=1)
    ]


def _base36(number: int) -> str:
    digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return _base36(number // 36) + digits[number % 36] if number else ""
