"""`POST /orders`: one event, an array of them, or JSON Lines; all of them journaled before it answers, or none."""

from __future__ import annotations

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tasks.acceptance import Accepted
from tasks.orders import Order
from worker.web import openapi
from worker.web.batch import read_orders
from worker.web.body import read_body, require_json
from worker.web.callers import is_signed
from worker.web.door import Door, door_of
from worker.web.idempotency import claim, key_of
from worker.web.journal import journal
from worker.web.problems import Problem

router = APIRouter()


@router.post("/orders", status_code=202, **openapi.ORDERS)
async def take_orders(request: Request) -> Response:
    """Journal completed orders, and say under which ids their redemptions are found.

    All or nothing: one event that is not valid refuses the whole request. The answer comes after the journal has it;
    any other answer than 202 means that nothing of it counts, except 503, after which that is not known: send the
    same again, an order that comes twice is reported once.
    """
    door = door_of(request)
    shops, body = await _authenticated(door, request)
    key = key_of(request.headers)
    accepted = await door.in_thread(lambda: _journal(door, body, shops, key))
    for shop, count in Counter(one.order.shop for one in accepted).items():
        door.rates.take(shop, count, time.monotonic())
        door.metrics.accepted(shop, count)
    request.state.events = len(accepted)
    return JSONResponse({"accepted": [_told(one) for one in accepted]}, 202)


async def _authenticated(door: Door, request: Request) -> tuple[frozenset[str], bytes]:
    """The shops that the caller may speak for, and the body. Raises Problem."""
    if is_signed(request.headers):
        require_json(request)
        body = await read_body(request)
        shops = door.callers.by_signature(request.headers, body, datetime.now(UTC))
        require_pace(door, shops)
        return shops, body
    shops = frozenset({door.callers.by_token(request.headers)})
    request.state.shop = next(iter(shops))
    require_pace(door, shops)
    require_json(request)
    return shops, await read_body(request)


def require_pace(door: Door, shops: frozenset[str]) -> None:
    """Refuses a shop that sends faster than it may; of several that share a secret, when each does.

    Raises Problem (429).
    """
    now = time.monotonic()
    wait = min(door.rates.wait(shop, now) for shop in shops)
    if wait:
        for shop in shops:
            door.metrics.limited(shop)
        raise Problem(
            429,
            "Too fast",
            f"Nothing was taken. This shop may send {door.settings.web.orders_per_second:g} orders a second, averaged "
            "over ten seconds.",
            type="too-fast",
            headers={"Retry-After": str(wait)},
        )


def _journal(door: Door, body: bytes, shops: frozenset[str], key: str | None) -> list[Accepted]:
    orders: list[Order] = read_orders(body, shops, now=datetime.now(UTC))
    if key is not None:
        claim(door.runtime, key, shops, body)
    return journal(door, orders)


def _told(accepted: Accepted) -> dict[str, Any]:
    return {"order_id": accepted.order.order_id, "redemptions": [one.id for one in accepted.opened]}
