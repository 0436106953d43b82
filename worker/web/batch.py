"""From a request's body to orders: all of them valid and all of them the caller's, or a problem that names each fault.

Pure.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any, Final

from tasks.event_batch import Found, read_events
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.orders import Order, parse_order
from worker.web.problems import Problem

MOST_EVENTS: Final = 1000
MOST_CODES: Final = 2000
"""In one request: they are journaled in one step, 0.1 ms a code, in which Redis does nothing else."""


def read_orders(body: bytes, shops: Collection[str], *, now: datetime) -> list[Order]:
    """The orders of a body that the holder of these shops' token or secret sent.

    An event without `shop` is the shop's, where there is one only. Raises Problem: 413 for too many, 403 where an
    event is another shop's, 422 where one is not valid.
    """
    found = _bounded(read_events(body))
    if not found:
        raise invalid([{"path": "$", "message": "an empty array: there is no event in it"}])
    orders: list[Order] = []
    faults: list[dict[str, Any]] = []
    foreign: list[dict[str, Any]] = []
    for one in found:
        try:
            order = _order(one, shops, now)
        except InvalidEvent as error:
            faults += [_told(one, fault) for fault in error.errors]
            continue
        if order.shop not in shops:
            foreign.append(_told(one, FieldError("$.shop", "is not the shop whose token or secret this is")))
        orders.append(order)
    if foreign:
        raise Problem(
            403,
            "Another shop's",
            "Nothing was taken: with a shop's token only its own events can be sent.",
            type="another-shop",
            errors=foreign,
        )
    if faults:
        raise invalid(faults)
    if sum(len(order.coupons) for order in orders) > MOST_CODES:
        raise _too_many(f"A request may hold {MOST_CODES} codes")
    return orders


def invalid(errors: list[dict[str, Any]]) -> Problem:
    """The answer to events that are not valid, with every fault that was found."""
    return Problem(
        422,
        "Not valid",
        "Nothing was taken: of the events sent, all are journaled or none. Mend what errors names; sending the same "
        "again will not help.",
        type="invalid-event",
        errors=errors,
    )


def _bounded(events: Iterator[Found]) -> list[Found]:
    found = []
    for one in events:
        found.append(one)
        if len(found) > MOST_EVENTS:
            raise _too_many(f"A request may hold {MOST_EVENTS} events")
    return found


def _too_many(limit: str) -> Problem:
    return Problem(413, "Too many", f"{limit}: nothing was taken. Send the rest in another.", type="too-many-events")


def _order(found: Found, shops: Collection[str], now: datetime) -> Order:
    if found.unreadable is not None:
        raise InvalidEvent((FieldError("$", found.unreadable),))
    event = found.event
    if isinstance(event, dict) and "shop" not in event:
        if len(shops) > 1:
            raise InvalidEvent((FieldError("$.shop", "required, since several shops have this secret"),))
        (only,) = shops
        event = event | {"shop": only}
    return parse_order(event, now=now)


def _told(found: Found, fault: FieldError) -> dict[str, Any]:
    """One fault as the answer has it: its path from the body's root, and in a batch which event it is."""
    if found.index is None:
        return {"path": fault.path, "message": fault.message}
    where: dict[str, Any] = {"event": found.index}
    if found.line is not None:
        where["line"] = found.line
    return {"path": f"$[{found.index}]{fault.path.removeprefix('$')}", "message": fault.message, **where}
