"""An order as the rest of the system sees it: validated, in Decimal and UTC, the address already hashed."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from tasks.events import Coupon, parse_event
from tasks.invalid_event import FieldError, InvalidEvent

# A clock that is a little ahead is common; one a day ahead would defeat the duplicate check, which forgets by age.
_FURTHEST_AHEAD = timedelta(days=1)


class Order(NamedTuple):
    """One completed order; `order_value` is net with two decimals, `completed_at` is UTC."""

    order_id: str
    shop: str
    completed_at: datetime
    order_value: Decimal | None
    currency: str | None
    coupons: tuple[Coupon, ...]
    email_hash: str | None
    customer_id: str | None
    source: str | None
    params: tuple[str, ...]
    test: bool


def parse_order(event: object, *, now: datetime) -> Order:
    """Validate an event and take the order out of it; `now` (aware) stands in for an absent `completed_at`.

    Raises InvalidEvent.
    """
    wire = parse_event(event)
    completed_at = wire.completed_at or now
    if completed_at > now + _FURTHEST_AHEAD:
        raise InvalidEvent((FieldError("$.completed_at", "lies in the future"),))
    hashed = hash_email(wire.email) if wire.email is not None else wire.email_hash
    if wire.email_hash is not None and hashed != wire.email_hash:
        raise InvalidEvent((FieldError("$.email_hash", "is not the hash of email: give one or the other"),))
    return Order(
        order_id=wire.order_id,
        shop=wire.shop,
        completed_at=completed_at.astimezone(UTC),
        order_value=wire.net_value(),
        currency=wire.currency,
        coupons=tuple(wire.coupons or ()),
        email_hash=hashed,
        customer_id=wire.customer_id,
        source=wire.source,
        params=tuple(wire.params or ()),
        test=wire.test,
    )


def hash_email(address: str) -> str:
    """Sovendus' `email_hash`: MD5 (lower-case hex) of the trimmed, lower-cased address, nothing else stripped."""
    return hashlib.md5(address.strip().lower().encode(), usedforsecurity=False).hexdigest()
