"""Bringing back a dead letter that is no redemption: a bad message is read again, more leniently than a worker reads
it, and with what a person set right; then it is taken as if it came today.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime

from celery import Celery

from tasks.dead_letters.amendment import InvalidAmendment
from tasks.dead_letters.finding import Refused
from tasks.dead_letters.handing_over import Decision, close, hand_over
from tasks.intake import plan_order
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Record
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import has_expired, what_came
from tasks.messages.mending import Doorbell, wanted
from tasks.orders import parse_order
from tasks.plain_text import MASK
from tasks.runtime import Runtime


def replay_message(app: Celery, runtime: Runtime, record: Record, decision: Decision) -> list[str]:
    """Read the letter again and take what it asked for; returns the ids of the redemptions that it is now.

    Raises Refused, with what still stands against it, and redis.RedisError.
    """
    try:
        came = what_came(runtime.ledger, record)
        if has_expired(record, came):
            raise Refused("what came is gone: it could not be parsed, and was kept for REDEEM_LEDGER__KEEP_UNREADABLE")
        found = wanted(came.decode())
    except UnicodeDecodeError as error:
        raise Refused("still unreadable: not UTF-8") from error
    except UnreadableMessage as error:
        raise Refused(f"still unreadable: {error}") from error
    if isinstance(found, Doorbell):
        return _ring_again(runtime, record, found, decision)
    now = datetime.now(UTC)
    try:
        event = decision.amendment.apply(found)
        order = parse_order(event, now=record.moment("accepted_at") or now)
    except InvalidAmendment as error:
        raise Refused(str(error)) from error
    except InvalidEvent as error:
        raise Refused(f"still invalid: {error}") from error
    if MASK in json.dumps(event, ensure_ascii=False):
        raise Refused("parts of it were masked, since they may be personal: it must come again from where it came from")
    return hand_over(app, runtime, record, plan_order(order, runtime.settings, now=now), decision)


def _ring_again(runtime: Runtime, record: Record, bell: Doorbell, decision: Decision) -> list[str]:
    if decision.amendment:
        raise Refused(f"it only asks to look at {bell.redemption_id}: there is nothing to set")
    if not runtime.ledger.ring(bell.redemption_id):
        raise Refused(f"{bell.redemption_id}: no such redemption")
    close(runtime, record, [bell.redemption_id], decision)
    return [bell.redemption_id]
