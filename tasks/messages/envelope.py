"""A message as it stands in the queue, checked all through and written anew, before Celery sees anything of it.

Celery trusts what it reads: a body that is no JSON ends the worker, an absent `delivery_info` reads as a lost
connection, keyword arguments that are a list count as success, and each time the message is gone. So only what is
known to be safe is copied here, and whatever else stands in a message does not reach Celery:

- `eta` and `expires`: an order is reported at once, and does not expire. On Redis an ETA waits in one worker's memory,
  and what is past its expiry Celery drops without a word.
- `timelimit`: threads have none, and one of a stranger's would only be a way to kill the worker's own.
- `argsrepr`, `kwargsrepr`, `shadow`, `origin`: they show up in logs and in Flower, and hold whatever the sender likes.
- `ignore_result`, `group`, stamps: nobody keeps results here.

Callbacks, errbacks, chains and chords stay, if they have the shape that Celery gives them.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from tasks.doorbell import task_name
from tasks.identity import is_redemption_id
from tasks.messages.bad_message import BadMessage, UnknownTask, UnreadableMessage
from tasks.messages.body import LARGEST, body_text, read_value, what_follows, write_body
from tasks.messages.strict_json import NotJson, read_json
from tasks.partners import PARTNERS

__all__ = ["BadMessage", "UnknownTask", "UnreadableMessage", "read_message"]

_REDEEMS: Final = {task_name(partner): partner for partner in PARTNERS}
_PLAIN: Final = re.compile(r"[!-?A-~]{1,255}")
"""A word that may be shown anywhere: ASCII, no space, no @."""
_TRACE: Final = re.compile(r"[ -~]{1,8192}")
_MOST_RETRIES: Final = 2**31 - 1
_IDS: Final = uuid.UUID("0b0f3a52-5a5e-4f0b-8d39-4c6a37d0a9e1")


class Parts(NamedTuple):
    """What is taken over of a message."""

    headers: dict[str, Any]
    properties: dict[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]
    follows: dict[str, Any]
    """Callbacks, errbacks, chain and chord; each None where there is none."""
    may_hold_types: bool
    """Whether Celery may read some value in the body as something else than JSON has: a Decimal, or a date."""


def read_message(raw: bytes, *, queue: str, known: Collection[str]) -> dict[str, Any]:
    """The message in `raw`, taken off the list `queue`, as kombu's virtual transport expects it.

    `known` are the names of the tasks that are ours to run. The body is JSON text, message protocol 2, whatever it was.
    A partner's task is welcome on any queue, with exactly one redemption id of that partner; any other task's
    arguments are its own affair, as long as they are a list and an object.

    Raises UnreadableMessage or UnknownTask, which name the defect and quote nothing.
    """
    parts = read_parts(raw, queue=queue, known=known)
    return {
        "body": write_body(parts.args, parts.kwargs, parts.follows),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": parts.headers,
        "properties": parts.properties,
    }


def read_parts(raw: bytes, *, queue: str, known: Collection[str]) -> Parts:
    """The same, with the body still as read; what raises when it is written anew is not known yet."""
    envelope = _envelope(raw)
    headers, properties = _object(envelope, "headers"), _object(envelope, "properties")
    _check_delivery(properties)
    if envelope.get("content-type") != "application/json":
        raise UnreadableMessage("content-type is not application/json")
    if envelope.get("content-encoding") not in ("utf-8", "UTF-8"):
        raise UnreadableMessage("content-encoding is not utf-8")
    text = body_text(envelope)
    told, args, kwargs, embed = _as_protocol_2(headers, read_value(text))
    task = _task(told, known)
    shown = _shown_arguments(task, args, kwargs)
    return Parts(
        headers={"task": task, "id": _id(told), **_optional(told), **shown, **_traced(headers)},
        properties={
            **{name: properties[name] for name in ("correlation_id", "reply_to") if _is_plain(properties.get(name))},
            "delivery_tag": properties["delivery_tag"],
            # The anonymous exchange: what is put back goes to this queue, whichever exchange its sender named.
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
        args=args,
        kwargs=kwargs,
        follows=what_follows(embed),
        may_hold_types="__type__" in text or "\\u" in text,  # as it stands, or escaped
    )


def _envelope(raw: bytes) -> dict[str, Any]:
    if len(raw) > LARGEST:
        raise UnreadableMessage(f"larger than {LARGEST} bytes")
    try:
        envelope = read_json(raw.decode())
    except UnicodeDecodeError:
        raise UnreadableMessage("not UTF-8") from None  # the cause holds the message
    except NotJson as error:
        raise UnreadableMessage(str(error)) from None
    if not isinstance(envelope, dict):
        raise UnreadableMessage("no JSON object")
    return envelope


def _object(envelope: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = envelope.get(name)
    if not isinstance(found, dict):
        raise UnreadableMessage(f"{name} is missing" if found is None else f"{name} is no JSON object")
    return found


def _check_delivery(properties: Mapping[str, Any]) -> None:
    """What a stock worker would take for a lost connection where it is absent."""
    tag, info = properties.get("delivery_tag"), properties.get("delivery_info")
    if not isinstance(tag, str) or not tag:
        raise UnreadableMessage("properties.delivery_tag is missing or no text")
    if not isinstance(info, dict):
        raise UnreadableMessage("properties.delivery_info is missing or no JSON object")
    for name in ("exchange", "routing_key"):
        if not isinstance(info.get(name), str):
            raise UnreadableMessage(f"properties.delivery_info.{name} is missing or no text")


def _as_protocol_2(
    headers: Mapping[str, Any], payload: object
) -> tuple[Mapping[str, Any], list[Any], dict[str, Any], dict[str, Any]]:
    """What the message says of itself, its arguments, and what is to follow it."""
    told: Mapping[str, Any]
    args: Any
    kwargs: Any
    embed: Any
    if isinstance(payload, dict):  # protocol 1 says all in the body; some say part of it in the headers too
        told, args, kwargs, embed = {**payload, **headers}, payload.get("args", []), payload.get("kwargs", {}), payload
    elif isinstance(payload, list) and len(payload) == 3:  # noqa: PLR2004 - as unpacked here
        told, (args, kwargs, embed) = headers, payload
    else:
        raise UnreadableMessage("the body is neither [args, kwargs, embed] nor an object with args and kwargs")
    if not isinstance(args, list):
        raise UnreadableMessage("the arguments are no JSON array")
    if not isinstance(kwargs, dict):
        raise UnreadableMessage("the keyword arguments are no JSON object")
    if embed is not None and not isinstance(embed, dict):
        raise UnreadableMessage("what follows the arguments in the body is no JSON object")
    return told, args, kwargs, embed or {}


def _task(told: Mapping[str, Any], known: Collection[str]) -> str:
    task = told.get("task")
    if not isinstance(task, str) or not task:
        raise UnreadableMessage("no task is named")
    if task not in known:
        raise UnknownTask("the task it names is none of this worker's")
    return task


def _id(told: Mapping[str, Any]) -> str:
    """The task's id, which Flower and logs show: one that is fit to be shown, always the same for the same."""
    given = told.get("id")
    if not isinstance(given, str) or not given:
        raise UnreadableMessage("the task's id is missing or no text")
    return given if _is_plain(given) else str(uuid.uuid5(_IDS, ascii(given)))


def _optional(told: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: told[name] for name in ("lang", "root_id", "parent_id") if _is_plain(told.get(name))}
    retries = told.get("retries")
    if isinstance(retries, int) and not isinstance(retries, bool) and 0 <= retries <= _MOST_RETRIES:
        found["retries"] = retries
    return found


def _shown_arguments(task: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, str]:
    """What Flower and logs show of a doorbell, once it is known to be one; other tasks show theirs by themselves."""
    partner = _REDEEMS.get(task)
    if partner is None:
        return {}
    if kwargs or len(args) != 1 or not isinstance(args[0], str) or not is_redemption_id(args[0], partner):
        raise UnreadableMessage(f"{task} takes one redemption id of {partner}'s and nothing else")
    return {"argsrepr": repr((args[0],)), "kwargsrepr": "{}"}


def _traced(headers: Mapping[str, Any]) -> dict[str, Any]:
    """Sentry's tracing headers, where its integration looks for them."""
    given = headers.get("headers")
    places = (given, headers) if isinstance(given, dict) else (headers,)
    found = {
        name: place[name]
        for place in reversed(places)
        for name in ("baggage", "sentry-trace")
        if isinstance(place.get(name), str) and _TRACE.fullmatch(place[name])
    }
    return {"headers": found} if found else {}


def _is_plain(value: object) -> bool:
    return isinstance(value, str) and _PLAIN.fullmatch(value) is not None
