"""`POST /webhooks/<shop>/<system>`: what a shop system tells of its orders, in its own words, signed in its own way.

Shop systems repeat a delivery a few times at most and switch off a webhook that is refused too often. So nothing that
is authentic is refused for what it says: what cannot be an order becomes a dead letter, and what is of no interest is
answered with the reason.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.burying import bury_event
from tasks.messages.strict_json import NotJson, read_json
from tasks.orders import parse_order
from tasks.partners.uniqodo import Uniqodo, UniqodoAccount
from tasks.persistence import UNAVAILABLE, until_recorded
from tasks.shop_systems import SYSTEMS, NothingToReport, ShopSystem, Unmapped
from worker.web import webhook_openapi
from worker.web.body import read_body
from worker.web.door import Door, door_of
from worker.web.journal import journal, refused
from worker.web.orders import require_pace
from worker.web.problems import Problem

_PATH: Final = "/webhooks/{shop}/{system}"
MOST_BYTES: Final = 2 * 1024 * 1024
"""A payload may have this many: of one order of many lines, where one of our events has a few hundred."""
_NOBODYS: Final = (secrets.token_hex(),)
"""Checked against where there is no such shop, or it has no secret: a refusal is then like any other."""

router = APIRouter()


@dataclass(frozen=True)
class Delivery:
    """One authentic webhook: whose it is, and what came."""

    shop: str
    system: ShopSystem
    headers: Mapping[str, str]
    body: bytes


@router.post(_PATH, status_code=202, **webhook_openapi.WEBHOOK)
async def take_webhook(request: Request) -> Response:
    """Journal the order that a shop system tells of.

    202 once the journal has it; also 202, with what is wrong, where it was kept as a dead letter instead; 200 where
    there is nothing to report, with the reason. After 503 the same may be sent again.
    """
    door, shop = door_of(request), request.path_params["shop"].lower()
    known = SYSTEMS.get(request.path_params["system"])
    if known is None:
        raise Problem(404, "No such system", f"Understood are {', '.join(SYSTEMS)}.", type="unknown-system")
    by_token = "authorization" in request.headers
    if by_token:
        require_own(door, request, shop)
    body = await read_body(request, known=by_token, most=MOST_BYTES)
    if known.is_ping(request.headers, body):
        return JSONResponse({"accepted": [], "ignored": "a ping: somebody is here"})
    if not by_token:
        await _require_signed(door, request, body, shop, known)
    request.state.shop = shop
    require_pace(door, [shop])
    delivery = Delivery(shop, known, request.headers, body)
    answer = await door.in_thread(lambda: _take(door, delivery))
    if answer.status_code == 202:  # noqa: PLR2004 - an order, right or wrong; what is of no interest costs nothing
        request.state.events = 1
        door.rates.take(shop, 1, time.monotonic())
    return answer


def require_own(door: Door, request: Request, shop: str) -> None:
    """Refuses a token of another shop, whether there is one by the path's name or not.

    Raises Problem: 401 for a token that is nobody's, 403 for another shop's.
    """
    if door.callers.by_token(request.headers) != shop:
        raise Problem(
            403,
            "Another shop's",
            "Nothing was taken: the token is not that of the shop in the path.",
            type="another-shop",
        )


def secrets_of(door: Door, shop: str) -> tuple[str, ...]:
    """The secrets that the shop's webhooks may be signed with; one that nobody knows where it has none."""
    found = door.settings.shops.get(shop)
    return (found.webhook_secrets if found else ()) or _NOBODYS


async def _require_signed(door: Door, request: Request, body: bytes, shop: str, system: ShopSystem) -> None:
    """Refuses whoever did not sign with a shop's secret, in the same words whether there is such a shop or not.

    Raises Problem (401).
    """
    candidates = secrets_of(door, shop)
    if await door.in_thread(lambda: system.is_signed(request.headers, body, candidates)):
        return
    raise Problem(
        401,
        "Not known",
        f"Not signed with this shop's webhook secret as {system.name} signs. The secret there must be the one in "
        "REDEEM_SHOPS__<SHOP>__WEBHOOK_SECRET, and <SHOP> the one in this address.",
        type="unauthorized",
        headers={"WWW-Authenticate": "Bearer"},
    )


def _take(door: Door, delivery: Delivery) -> Response:
    payload = _payload(delivery.body)
    try:
        event = delivery.system.read(delivery.headers, payload)
    except Unmapped as error:
        return _keep(door, delivery, error.event, error)
    if isinstance(event, NothingToReport):
        return JSONResponse({"accepted": [], "ignored": event.why})
    event["shop"] = delivery.shop
    try:
        order = parse_order(event, now=datetime.now(UTC))
    except InvalidEvent as error:
        return _keep(door, delivery, event, error)
    (accepted,) = journal(door, [order])
    door.metrics.accepted(delivery.shop)
    told = {"order_id": order.order_id, "redemptions": [one.id for one in accepted.opened]}
    return JSONResponse({"accepted": [told]}, 202)


def _payload(body: bytes) -> object:
    try:
        return read_json(body.decode("utf-8-sig"), decimals=True)
    except UnicodeDecodeError as error:
        raise _no_json(f"not UTF-8 at byte {error.start}") from None  # the cause holds the body
    except NotJson as error:
        raise _no_json(str(error)) from None


def _no_json(why: str) -> Problem:
    return Problem(
        422,
        "Not JSON",
        "Nothing was taken: a shop system sends JSON.",
        type="invalid-event",
        errors=[{"path": "$", "message": why}],
    )


def _keep(door: Door, delivery: Delivery, event: Mapping[str, Any], error: Unmapped | InvalidEvent) -> Response:
    """Keep what could be mapped as a dead letter, and nothing of the payload itself, which is full of addresses.

    The same order with the same fault is one letter however often it comes: shop systems send an order each time
    anything about it changes, and repeat a delivery whose answer was lost.
    """
    whole = {**event, "shop": delivery.shop}
    if not _sends_customer_id(door, delivery.shop):
        whole.pop("customer_id", None)  # it would be masked, and a masked event cannot be replayed
    token = _token(delivery, whole, error.errors)
    try:
        letter = until_recorded(
            lambda: bury_event(door.runtime, whole, error, token=token), what="a webhook", limit=door.patience
        )
    except UNAVAILABLE as fault:
        raise refused(fault) from fault
    door.metrics.invalid(delivery.shop)
    errors = [{"path": one.path, "message": one.message} for one in error.errors]
    return JSONResponse({"accepted": [], "dead_letter": letter, "errors": errors}, 202)


def _sends_customer_id(door: Door, shop: str) -> bool:
    found = door.settings.shops.get(shop)
    account = found.account(Uniqodo.name) if found else None
    return isinstance(account, UniqodoAccount) and account.send_uid


def _token(delivery: Delivery, event: Mapping[str, Any], errors: Iterable[FieldError]) -> str:
    said = json.dumps([delivery.system.name, event, list(map(str, errors))], sort_keys=True)
    return f"webhook:{hashlib.sha256(said.encode()).hexdigest()}"
