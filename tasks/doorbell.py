"""A partner's doorbell: a message that says "look at this redemption", and holds nothing but its id. Pure.

The ledger's scripts put doorbells onto the queues themselves, in the same step that decides to ring
(`ledger/scripts/doorbells.lua`); here is how one is spelled, and how one spelled so is read without parsing JSON.
Best effort by design: one that is lost is repeated by the waker, one too many falls out at the claim.
"""

from __future__ import annotations

import json
import re
from typing import Final, NamedTuple

from tasks.identity import task_id

_NAME: Final = "{partner}.redeem"

# What may stand in an id here: printable ASCII that JSON, an id and `repr` write as it is. Whatever else an id holds is
# read with more care elsewhere.
_PART: Final = rb"[!#$&(-9;-\[\]-~]+"
_CODE: Final = rb"[!#$&(-9;-\[\]-`{-~]+"  # likewise, in upper case
_LONGEST: Final = 1024  # bytes of an id
_SPELLED: Final = re.compile(
    rb'\{"body":"\[\[\\"(?P<id>(?:test:)?(?P<partner>[a-z0-9_-]+):'
    + (_PART + rb":" + _PART + rb":" + _CODE)
    + rb')\\"\],'
    rb'\{\},\{\}\]","content-encoding":"utf-8","content-type":"application/json",'
    rb'"headers":\{"lang":"py","task":"(?P=partner)\.redeem",'
    rb'"id":"(?P<task_id>[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})",'
    rb'"retries":(?P<retries>0|[1-9][0-9]{0,8})\},'
    rb'"properties":\{"delivery_info":\{"exchange":"","routing_key":"(?P=partner)"\},'
    rb'"delivery_tag":"(?P<delivery_tag>[0-9]{1,20}-[0-9]{1,9})"\}\}'
)


class Doorbell(NamedTuple):
    """A doorbell as it was read. `retries` are the attempts made before it rang."""

    partner: str
    redemption_id: str
    task_id: str
    retries: int
    delivery_tag: str


def task_name(partner: str) -> str:
    """The task that redeems at that partner."""
    return _NAME.format(partner=partner)


def doorbell(partner: str, redemption_id: str, *, retries: int = 0, delivery_tag: str) -> bytes:
    """The message that the ledger's scripts put onto the partner's queue, byte for byte.

    Any Celery reads it: message protocol 2, with what a worker needs of it and no more. Always under the same task id,
    so that Flower shows all attempts as one task; `retries`, the attempts made so far, count as its retries there.
    `delivery_tag` is each ring's own.
    """
    message = {
        "body": _json([[redemption_id], {}, {}]),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": task_name(partner), "id": task_id(redemption_id), "retries": retries},
        "properties": {"delivery_info": {"exchange": "", "routing_key": partner}, "delivery_tag": delivery_tag},
    }
    return _json(message).encode()


def read_doorbell(raw: bytes) -> Doorbell | None:
    """The doorbell that the message is, where it is spelled exactly so; None says nothing about what it is instead.

    Its task id is as it stands there, the ledger's own for this id unless somebody else wrote the message.
    """
    found = _SPELLED.fullmatch(raw)
    if found is None or len(found["id"]) > _LONGEST:
        return None
    id_, partner, task, retries, tag = (text.decode("ascii") for text in found.groups())
    return Doorbell(partner, id_, task, int(retries), tag)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
