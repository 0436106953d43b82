"""`POST /orders`: one event, an array of them, or JSON Lines; all of them journaled before it answers, or none."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

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

_READ_AT_ONCE: Final = 4096
"""Bytes that are read sooner than a thread is found; more would hold up all other requests."""

router = APIRouter()


@router.post("/orders", status_code=202, **openapi.ORDERS)
async def take_orders(request: Request) -> Response:
    """Journals completed orders, and says under which ids their redemptions are found.

    All or nothing: one event that is not valid refuses the whole request. 202 comes after the journal has it. With any
    other answer nothing was taken, except 500, 503 and no answer, after which that is not known: send the same again,
    for an order that comes twice is reported once.
    """
    door = door_of(request)
    shops, body = await _authenticated(door, request)
    key = key_of(request.headers)
    orders = await _valid(door, shops, body)
    request.state.events = len(orders)
    _pay(door, shops, orders)

    def work() -> list[Accepted]:
        if key is not None:
            claim(door.runtime, key, {order.shop for order in orders}, body)
        return journal(door, orders)

    accepted = await door.in_thread(work)
    for shop, count in Counter(order.shop for order in orders).items():
        door.metrics.accepted(shop, count)
    return JSONResponse({"accepted": [_told(one) for one in accepted]}, 202)


def require_pace(door: Door, shops: Iterable[str]) -> None:
    """Refuses who sends faster than a shop may; of several shops that share a secret, when each of them does.

    Raises Problem (429).
    """
    now = time.monotonic()
    waits = {shop: door.rates.wait(shop, now) for shop in shops}
    if not all(waits.values()):
        return
    raise Problem(
        429,
        "Too fast",
        f"Nothing was taken. A shop may send {door.settings.web.orders_per_second:g} orders a second, averaged over "
        "ten seconds.",
        type="too-fast",
        headers={"Retry-After": str(min(waits.values()))},
    )


async def _authenticated(door: Door, request: Request) -> tuple[frozenset[str], bytes]:
    """The shops that the caller may speak for, and the body, which is read from nobody else. Raises Problem."""
    if is_signed(request.headers):
        require_json(request)
        body = await read_body(request, known=False)
        now = datetime.now(UTC)
        shops = await door.in_thread(lambda: door.callers.by_signature(request.headers, body, now))
        if len(shops) == 1:
            (request.state.shop,) = shops
        require_pace(door, shops)
        return shops, body
    shop = door.callers.by_token(request.headers)
    request.state.shop = shop
    require_pace(door, [shop])
    require_json(request)
    return frozenset({shop}), await read_body(request, known=True)


async def _valid(door: Door, shops: frozenset[str], body: bytes) -> list[Order]:
    """All orders in the body. Raises Problem; to be refused costs each shop that it may come from one order."""
    now = datetime.now(UTC)
    try:
        if len(body) <= _READ_AT_ONCE:
            return read_orders(body, shops, now=now)
        return await door.in_thread(lambda: read_orders(body, shops, now=now))
    except Problem:
        for shop in shops:
            door.rates.take(shop, 1, time.monotonic())
        raise


def _pay(door: Door, shops: frozenset[str], orders: list[Order]) -> None:
    """Counts the orders against their shops' pace. Raises Problem (429)."""
    counts = Counter(order.shop for order in orders)
    if len(shops) > 1:  # that one of them may send was known; whether those that do may, is now
        for shop in counts:
            require_pace(door, [shop])
    for shop, count in counts.items():
        door.rates.take(shop, count, time.monotonic())


def _told(accepted: Accepted) -> dict[str, Any]:
    return {"order_id": accepted.order.order_id, "redemptions": [one.id for one in accepted.opened]}
