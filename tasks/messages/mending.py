"""What a message that went wrong asked for, read as leniently as an operator's replay may. Pure.

The body is read as workers read it (`body.py`). Forgiven are, beyond that, the things that say nothing of the order:
how the message was delivered, what it says its content is, the task's name where the argument is an event, and no
message around the event at all.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.doorbell import task_name
from tasks.identity import is_redemption_id
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.body import read_body, read_call
from tasks.messages.strict_json import NotJson, read_json
from tasks.messages.typed_values import types_as_text
from tasks.partners import PARTNERS

_REDEEMS: Final = {task_name(partner): partner for partner in PARTNERS}
_ENVELOPE_FIELDS: Final = ("body", "headers", "properties")


@dataclass(frozen=True)
class Doorbell:
    """It asked to look at this redemption of that partner's."""

    partner: str
    redemption_id: str


def wanted(raw: str) -> Doorbell | Mapping[str, Any]:
    """The doorbell it was, or what may be an event, still to be validated.

    Raises UnreadableMessage.
    """
    try:
        message = read_json(raw, named_numbers=True)
    except NotJson as error:
        raise UnreadableMessage(str(error)) from None  # the cause may hold the message
    if not isinstance(message, dict) or not any(name in message for name in _ENVELOPE_FIELDS):
        return _asked({}, types_as_text(message))
    headers = message.get("headers")
    return _asked(headers if isinstance(headers, dict) else {}, read_body(message, named_numbers=True))


def _asked(headers: Mapping[str, Any], payload: object) -> Doorbell | Mapping[str, Any]:
    """By the headers and the body of a message, or by an event alone."""
    if isinstance(payload, dict) and "args" not in payload and "kwargs" not in payload:
        return payload
    stated, args, kwargs = read_call(headers, payload)
    if kwargs or not isinstance(args, list) or len(args) != 1:
        raise UnreadableMessage("it does not have exactly one argument")
    [only] = args
    if isinstance(only, dict):
        return only
    task = stated.get("task")
    partner = _REDEEMS.get(task) if isinstance(task, str) else None
    if partner is not None and isinstance(only, str) and is_redemption_id(only, partner):
        return Doorbell(partner, only)
    raise UnreadableMessage("its argument is neither an event nor a redemption's id")
