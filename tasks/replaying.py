"""Bringing a dead letter back: through the same door as everyone.

The redemption is completed and routed anew under today's settings, then opened or reset in the ledger, and its
doorbell rings. Its history stays, an earlier ambiguous attempt too. A bad message is read again first, more leniently
than a worker reads it.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Final

from celery import Celery

from tasks.acceptance import accept
from tasks.audit import operator
from tasks.bad_message import UnreadableMessage
from tasks.bad_messages import what_came
from tasks.dead_letters import Refused
from tasks.doorbell import ring
from tasks.errors import MasterCode, PermanentError, Unroutable
from tasks.events import Coupon
from tasks.intake import account_of, plan_order
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Account, Record
from tasks.mending import Doorbell, wanted
from tasks.orders import Order, parse_order
from tasks.partners import PARTNERS
from tasks.plain_text import MASK
from tasks.runtime import Runtime

_ROUTED_ANEW: Final = {Unroutable.reason, MasterCode.reason}


def replay(app: Celery, runtime: Runtime, record: Record, *, by: str | None = None) -> list[str]:
    """Bring one dead letter back; returns the ids of the redemptions that wait now. `by` is whoever runs this, unless
    given.

    Raises Refused, with what still stands against it, and redis.RedisError.
    """
    by = by or operator()
    if not record.is_redemption:
        return _replay_message(app, runtime, record, by)
    if record.reason in _ROUTED_ANEW:
        return _route_anew(app, runtime, record, by)
    redemption = record.redemption()
    account, settings = account_of(runtime.settings, redemption.partner, redemption.shop)
    if settings is None:
        raise Refused(f'shop "{redemption.shop}" has no {redemption.partner} account')
    try:
        PARTNERS[redemption.partner].require(redemption, settings)
    except PermanentError as error:
        raise Refused(f"still {error.reason}: {error.message}") from error
    return _bring_back(app, runtime, record, account, by)


def _replay_message(app: Celery, runtime: Runtime, record: Record, by: str) -> list[str]:
    """A message or event that could not be taken as it came: read again, leniently, under today's rules."""
    try:
        found = wanted(what_came(runtime.ledger, record).decode())
    except UnicodeDecodeError as error:
        raise Refused("still unreadable: not UTF-8") from error
    except UnreadableMessage as error:
        raise Refused(f"still unreadable: {error}") from error
    if isinstance(found, Doorbell):
        return _ring_again(app, runtime, record, found, by)
    try:
        order = parse_order(found, now=record.moment("accepted_at") or datetime.now(UTC))
    except InvalidEvent as error:
        raise Refused(f"still invalid: {error}") from error
    if MASK in json.dumps(found, ensure_ascii=False):
        raise Refused("parts of it were masked, since they may be personal: it must come again from where it came from")
    return _hand_over(app, runtime, record, order, by)


def _ring_again(app: Celery, runtime: Runtime, record: Record, bell: Doorbell, by: str) -> list[str]:
    known = runtime.ledger.find(bell.redemption_id)
    if known is None:
        raise Refused(f"{bell.redemption_id}: no such redemption")
    if not ring(app, bell.partner, known.id, attempts=known.attempts):
        raise Refused("the broker did not take the message")
    _close(runtime, record, [known.id], by)
    return [known.id]


def _route_anew(app: Celery, runtime: Runtime, record: Record, by: str) -> list[str]:
    """Through intake again: with mended settings the same code may belong to another partner, or to nobody."""
    order = _order_of(record)
    plans = plan_order(order, runtime.settings, now=datetime.now(UTC))
    if not plans:
        raise Refused("under today's settings no partner issued this code: discard it")
    if plans[0].fate is not None:
        raise Refused(f"still {plans[0].fate.reason}: {plans[0].fate.message}")
    if plans[0].redemption.id == record.id:
        return _bring_back(app, runtime, record, plans[0].account, by)
    return _hand_over(app, runtime, record, order, by)


def _bring_back(app: Celery, runtime: Runtime, record: Record, account: Account, by: str) -> list[str]:
    result = runtime.ledger.replay(record.id, account, {}, {"outcome": "replayed", "by": by})
    if result == "no":
        raise Refused("no longer a dead letter")
    if result == "ring":
        ring(app, record.partner, record.id, attempts=record.attempts)
    return [record.id]


def _hand_over(app: Celery, runtime: Runtime, record: Record, order: Order, by: str) -> list[str]:
    """Open what the order means today, then close the old letter with a link to it."""
    accepted = accept(app, runtime, order)
    ids = [one.id for one in accepted.opened]
    _close(runtime, record, ids, by)
    return ids


def _close(runtime: Runtime, record: Record, ids: list[str], by: str) -> None:
    """The old letter, with a link to what came of it."""
    runtime.ledger.discard(record.id, {"outcome": "replayed", "as": ids, "by": by})


def _order_of(record: Record) -> Order:
    known = record.redemption()
    coupon = Coupon.model_construct(  # validated when it came
        code=known.code, provenance=known.provenance, validation_key=known.validation_key, discount=known.discount
    )
    return Order(
        order_id=known.order_id,
        shop=known.shop,
        completed_at=known.completed_at,
        order_value=known.order_value,
        currency=known.currency,
        coupons=(coupon,),
        email_hash=known.email_hash,
        customer_id=known.customer_id,
        source=known.source,
        params=known.params,
        test=known.test,
    )
