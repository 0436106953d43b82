"""Bringing a dead letter back: through the same door as everyone.

The redemption is completed and routed anew under today's settings and with what a person set right, then opened or
reset in the ledger, which rings its doorbell. Its history stays, an earlier ambiguous attempt too. What becomes another
redemption (another order, shop, code, or partner) is opened as one, unless it is known, and the letter is closed with
a link to it. That it is older than the ledger remembers is no hindrance: a person has decided.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from celery import Celery

from config.accounts import AccountSettings
from tasks.audit import operator
from tasks.dead_letters.amendment import UNCHANGED, Amendment, InvalidAmendment
from tasks.dead_letters.finding import Refused
from tasks.dead_letters.handing_over import Decision, hand_over
from tasks.dead_letters.known_order import event_of, order_of
from tasks.dead_letters.replaying_messages import replay_message
from tasks.errors import MasterCode, PermanentError, TooOld, Unroutable
from tasks.intake import account_of, plan_order, redemption_of
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Account, Record
from tasks.ledger.record import redemption_fields
from tasks.orders import Order, parse_order
from tasks.partners import PARTNERS
from tasks.redemption import Redemption
from tasks.runtime import Runtime

_ROUTED_ANEW: Final = {Unroutable.reason, MasterCode.reason}
_AMENDABLE: Final = ("code", "order_value", "currency", "discount", "completed_at", "details", "personal")


def replay(
    app: Celery, runtime: Runtime, record: Record, *, by: str | None = None, amendment: Amendment = UNCHANGED
) -> list[str]:
    """Bring one dead letter back, with some fields set right; returns the ids of the redemptions that it is now.

    `by` is whoever runs this, unless given. Raises Refused, with what still stands against it, and redis.RedisError.
    """
    decision = Decision(by or operator(), amendment)
    if not record.is_redemption:
        return replay_message(app, runtime, record, decision)
    order = _amended(record, amendment)
    if record.reason in _ROUTED_ANEW or _is_another(order, record):
        return _route_anew(app, runtime, record, order, decision)
    account, settings = account_of(runtime.settings, record.partner, record.shop)
    if settings is None:
        raise Refused(f'shop "{record.shop}" has no {record.partner} account')
    redemption = _complete(record, order, settings) if amendment else record.redemption()
    try:
        PARTNERS[record.partner].require(redemption, settings)
    except PermanentError as error:
        raise Refused(_stands_against(record, error)) from error
    return _bring_back(runtime, record, account, redemption, decision)


def _amended(record: Record, amendment: Amendment) -> Order:
    """The record's own order, as the event would have it, with its one code."""
    if not amendment:
        return order_of(record.redemption())
    try:
        order = parse_order(amendment.apply(event_of(record.redemption())), now=datetime.now(UTC))
    except InvalidAmendment as error:
        raise Refused(str(error)) from error
    except InvalidEvent as error:
        raise Refused(f"invalid: {error}") from error
    if len(order.coupons) != 1:
        raise Refused("a redemption has exactly one code")
    return order


def _is_another(order: Order, record: Record) -> bool:
    """Whether what decides whose it is, or which, is no longer what it was."""
    known, (coupon,) = record.redemption(), order.coupons
    return (
        order.order_id != known.order_id
        or order.shop != known.shop
        or order.test != known.test
        or coupon.code.upper() != known.code.upper()
        or coupon.provenance != known.provenance
        or coupon.validation_key != known.validation_key
    )


def _route_anew(app: Celery, runtime: Runtime, record: Record, order: Order, decision: Decision) -> list[str]:
    """Through intake again: under mended settings the same code may belong to another partner, or to nobody."""
    plans = plan_order(order, runtime.settings, now=datetime.now(UTC))
    if not plans:
        raise Refused("under today's settings no partner issued this code: discard it")
    plan = plans[0]._replace(fate=None) if isinstance(plans[0].fate, TooOld) else plans[0]
    if plan.fate is not None:
        raise Refused(_stands_against(record, plan.fate))
    if plan.redemption.id == record.id:
        return _bring_back(runtime, record, plan.account, plan.redemption, decision)
    return hand_over(app, runtime, record, [plan], decision)


def _stands_against(record: Record, fate: PermanentError) -> str:
    still = "still " if fate.reason == record.reason else ""
    return f"{still}{fate.reason}: {fate.message}"


def _complete(record: Record, order: Order, settings: AccountSettings) -> Redemption:
    redemption = redemption_of(order, order.coupons[0], record.partner)
    return PARTNERS[record.partner].minimise(redemption, settings)


def _bring_back(
    runtime: Runtime,
    record: Record,
    account: Account,
    redemption: Redemption,
    decision: Decision,
) -> list[str]:
    changes = _changes(record, redemption) if decision.amendment else {}
    result = runtime.ledger.replay(record.id, account, changes, decision.entry())
    if result == "no":
        raise Refused("no longer a dead letter")
    return [record.id]


def _changes(record: Record, redemption: Redemption) -> dict[str, str]:
    """The record's fields that differ now; an empty one goes."""
    fields = redemption_fields(redemption)
    fields["note"] = PARTNERS[redemption.partner].remark(redemption) or ""
    now = {name: fields.get(name, "") for name in (*_AMENDABLE, "note")}
    return {name: value for name, value in now.items() if value != record.fields.get(name, "")}
