"""Order-completed events, written as a shop would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tasks.identity import redemption_id

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.kit.shops import Shop


def code(spelled: str, partner: str | None = None, **fields: str) -> dict[str, str]:
    """A coupon; `partner` is its provenance."""
    coupon = {"code": spelled, **fields}
    return coupon if partner is None else {**coupon, "provenance": partner}


def order(shop: Shop, order_id: str, *coupons: dict[str, str], **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """An event with a value, unless `fields` say otherwise."""
    value = {"order_value": "49.90", "currency": "EUR"}
    return {"order_id": order_id, "shop": shop.name, **value, "coupons": list(coupons), **fields}


def ids_of(event: Mapping[str, Any]) -> list[str]:
    """The ids of an event's redemptions, at shops without rules of their own."""
    return [
        redemption_id(partner, event["shop"], event["order_id"], coupon["code"], test=event.get("test", False))
        for coupon in event.get("coupons", [])
        if (partner := coupon.get("provenance") or ("uniqodo" if "validation_key" in coupon else "sovendus")) != "none"
    ]
