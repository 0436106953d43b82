"""From the codes that a shop system lists to the event's coupons: every code once, with what it took off. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tasks.shop_systems.attributes import VALIDATION_KEY
from tasks.shop_systems.payload import Payload, written
from tasks.shop_systems.validation_keys import UnclearKey, keys_by_code


@dataclass(frozen=True)
class UsedCode:
    """One line about a code; one that discounts goods and shipping has two. `discount` is what it took off, if told."""

    code: str
    discount: Decimal | None
    validation_key: str | None = None


def coupons(used: Sequence[UsedCode], keys: str | None, where: Payload) -> list[dict[str, Any]]:
    """The event's coupons, in the order of the codes; `keys` is the order's own attribute with validation keys.

    A key at the code itself goes before one at the order. What is unclear is noted as a fault `where` it stands.
    """
    by_code: dict[str, dict[str, Any]] = {}
    totals: dict[str, Decimal] = {}
    for one in used:
        known_as = one.code.strip().upper()
        coupon = by_code.setdefault(known_as, {"code": one.code})
        if one.discount is not None:
            totals[known_as] = totals.get(known_as, Decimal(0)) + one.discount
            coupon["discount"] = written(totals[known_as])
        if one.validation_key is not None:
            coupon.setdefault("validation_key", one.validation_key)
    without = [code for code, coupon in by_code.items() if "validation_key" not in coupon]
    if keys is not None and without:
        try:
            found = keys_by_code(keys, without)
        except UnclearKey as error:
            where.fault(f"{VALIDATION_KEY} {error}")
        else:
            for code, key in found.items():
                by_code[code]["validation_key"] = key
    return list(by_code.values())
