"""The dead letters: found by filters, brought back, or closed for good. Nothing here drops one by age or number.

A replay goes through the same door as everyone: the redemption is completed and routed anew under today's settings,
then opened or reset in the ledger, and its doorbell rings. Its history stays, an earlier ambiguous attempt too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from celery import Celery

from tasks.acceptance import accept
from tasks.audit import operator
from tasks.doorbell import ring
from tasks.errors import MasterCode, PermanentError, Unroutable
from tasks.events import Coupon
from tasks.intake import account_of, plan_order
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Account, Ledger, Record, State
from tasks.orders import Order, parse_order
from tasks.partners import PARTNERS
from tasks.plain_text import MASK
from tasks.runtime import Runtime

_PAGE: Final = 500
_ROUTED_ANEW: Final = {Unroutable.reason, MasterCode.reason}


@dataclass(frozen=True)
class Filters:
    """Which dead letters; an empty field does not filter. Times are when they died; `code` in any spelling."""

    partner: str | None = None
    shop: str | None = None
    reason: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    order: str | None = None
    code: str | None = None

    def match(self, record: Record) -> bool:
        """Whether the record is meant, its time aside."""
        wanted = (
            (self.partner, record.partner),
            (self.shop, record.shop),
            (self.reason, record.reason),
            (self.order, record.order_id),
            (self.code and self.code.strip().upper(), record.code.upper()),
        )
        return all(want is None or want == has for want, has in wanted)

    def describe(self) -> str:
        """The filters in words, for the audit trail."""
        given = {name: value for name, value in vars(self).items() if value is not None}
        return ", ".join(f"{name} {value}" for name, value in given.items()) or "all"


class Refused(Exception):  # noqa: N818 - named by what happened, as operators say it
    """A replay or discard that cannot be done; the text says why."""


def find_dead(ledger: Ledger, filters: Filters) -> Iterator[Record]:
    """Matching dead letters, oldest first, fetched page by page.

    One that is replayed or discarded while this runs is passed over, or told of once; never twice, even if it dies
    again meanwhile: replaying all of them comes to an end.
    """
    lowest: float | str = filters.since.timestamp() * 1000 if filters.since else "-inf"
    highest: float | str = filters.until.timestamp() * 1000 if filters.until else "+inf"
    seen: set[str] = set()
    told: set[str] = set()
    while True:
        page = ledger.redis.zrange(
            ledger.key("dead"), lowest, highest, byscore=True, offset=0, num=_PAGE + len(seen), withscores=True
        )
        fresh = [(str(member), score) for member, score in page if str(member) not in seen]
        if not fresh:
            return
        for record in ledger.find_all(member for member, _ in fresh):
            if record.state is State.DEAD and record.id not in told and filters.match(record):
                told.add(record.id)
                yield record
        # The next page begins at this one's last millisecond, whose letters have been seen.
        lowest = fresh[-1][1]
        seen = {str(member) for member, score in page if score == lowest}


def replay(app: Celery, runtime: Runtime, record: Record) -> list[str]:
    """Bring one dead letter back; returns the ids of the redemptions that wait now.

    Raises Refused, with what still stands against it, and redis.RedisError.
    """
    if not record.is_redemption:
        return _replay_event(app, runtime, record)
    if record.reason in _ROUTED_ANEW:
        return _route_anew(app, runtime, record)
    redemption = record.redemption()
    account, settings = account_of(runtime.settings, redemption.partner, redemption.shop)
    if settings is None:
        raise Refused(f'shop "{redemption.shop}" has no {redemption.partner} account')
    try:
        PARTNERS[redemption.partner].require(redemption, settings)
    except PermanentError as error:
        raise Refused(f"still {error.reason}: {error.message}") from error
    return _bring_back(app, runtime, record, account)


def discard(runtime: Runtime, record: Record) -> None:
    """Close one dead letter for good.

    Raises Refused where it is none any more, and redis.RedisError.
    """
    if not runtime.ledger.discard(record.id, {"outcome": "discarded", "by": operator()}):
        raise Refused("no longer a dead letter")


def _replay_event(app: Celery, runtime: Runtime, record: Record) -> list[str]:
    raw = record.fields["raw"]
    try:
        order = parse_order(json.loads(raw), now=record.moment("accepted_at") or datetime.now(UTC))
    except InvalidEvent as error:
        raise Refused(f"still invalid: {error}") from error
    if MASK in raw:
        raise Refused("parts of it were masked, since they may be personal: it must come again from where it came from")
    return _hand_over(app, runtime, record, order)


def _route_anew(app: Celery, runtime: Runtime, record: Record) -> list[str]:
    """Through intake again: with mended settings the same code may belong to another partner, or to nobody."""
    order = _order_of(record)
    plans = plan_order(order, runtime.settings, now=datetime.now(UTC))
    if not plans:
        raise Refused("under today's settings no partner issued this code: discard it")
    if plans[0].fate is not None:
        raise Refused(f"still {plans[0].fate.reason}: {plans[0].fate.message}")
    if plans[0].redemption.id == record.id:
        return _bring_back(app, runtime, record, plans[0].account)
    return _hand_over(app, runtime, record, order)


def _bring_back(app: Celery, runtime: Runtime, record: Record, account: Account) -> list[str]:
    result = runtime.ledger.replay(record.id, account, {}, {"outcome": "replayed", "by": operator()})
    if result == "no":
        raise Refused("no longer a dead letter")
    if result == "ring":
        ring(app, record.partner, record.id, attempts=record.attempts)
    return [record.id]


def _hand_over(app: Celery, runtime: Runtime, record: Record, order: Order) -> list[str]:
    """Open what the order means today, then close the old letter with a link to it."""
    accepted = accept(app, runtime, order)
    ids = [one.id for one in accepted.opened]
    runtime.ledger.discard(record.id, {"outcome": "replayed", "as": ids, "by": operator()})
    return ids


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
