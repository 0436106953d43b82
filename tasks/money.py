"""Order values in Decimal: what the partners are told is net of VAT and of shipping, with two decimals."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")
_NOTHING = Decimal("0.00")


def to_cents(value: Decimal) -> Decimal:
    """Round half up to two decimals, the form both partners take; never to a negative zero."""
    return value.quantize(_CENT, rounding=ROUND_HALF_UP) or _NOTHING


def net_value(gross: Decimal, tax: Decimal, shipping: Decimal) -> Decimal:
    """Net order value from its parts, rounded once at the end.

    `tax` is all VAT of the order, that of shipping included; `shipping` is without VAT. May be negative where the
    parts contradict each other: the caller refuses that.
    """
    return to_cents(gross - tax - shipping)
