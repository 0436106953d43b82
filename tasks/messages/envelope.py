"""A message as it stands in the queue, checked all through and written anew, before Celery sees anything of it.

Celery trusts what it reads: a body that is no JSON ends the worker, an absent `delivery_info` reads as a lost
connection, keyword arguments that are a list count as success, and each time the message is gone. What a stock worker
runs is read here as leniently as there, since gocelery, celery-php, celery.node and hand-made JSON each write a message
in their own way. But only what is known to be safe is copied; whatever else stands in a message does not reach Celery:

- callbacks, errbacks, chain, chord: the worker would publish them, to whichever queue and with whichever options the
  sender chose. Nothing follows an order.
- `eta` and `expires`: an order is reported at once, and does not expire. On Redis an ETA waits in one worker's memory,
  and what is past its expiry Celery drops without a word.
- `timelimit`: threads have none, and one of a stranger's would only be a way to kill the worker's own.
- `argsrepr`, `kwargsrepr`, `shadow`, `origin`: they show up in logs and in Flower, and hold whatever the sender likes.
- `reply_to`, `ignore_result`, `group`, stamps: nobody keeps results here.
- `root_id`, `parent_id`, `replaced_task_nesting`, `meth`, and for an order `retries`: they are of the sender's tasks.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

from tasks.doorbell import task_name
from tasks.identity import is_redemption_id
from tasks.messages.bad_message import UnknownTask, UnreadableMessage
from tasks.messages.body import LARGEST, read_body, read_call
from tasks.messages.strict_json import NotJson, read_json
from tasks.messages.typed_values import is_typed, types_as_text
from tasks.partners import PARTNERS

_REDEEMS: Final = {task_name(partner): partner for partner in PARTNERS}
_PLAIN: Final = re.compile(r"[!-?A-~]{1,255}")
"""A word that may be shown anywhere: ASCII, no space, no @."""
_TRACE: Final = re.compile(r"[ -~]{1,8192}")
_MOST_RETRIES: Final = 2**31 - 1
_IDS: Final = uuid.UUID("0b0f3a52-5a5e-4f0b-8d39-4c6a37d0a9e1")


class Arrival(NamedTuple):
    """A message in good order: `headers` and `properties` as message protocol 2 has them, and what its body says."""

    headers: dict[str, Any]
    properties: dict[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]


def read_with_care(raw: bytes, *, queue: str, known: Collection[str]) -> Arrival:
    """The message in `raw`, taken off the list `queue`, whichever of Celery's protocols it is in.

    `known` are the names of the tasks that are ours to run. A partner's task is welcome on any queue, with exactly one
    redemption id of that partner; any other task's arguments are its own affair, as long as they are a list and an
    object.

    Raises UnreadableMessage or UnknownTask, which name the defect and quote nothing.
    """
    envelope = _envelope(raw)
    headers, properties = _members(envelope, "headers"), _members(envelope, "properties")
    tag = _delivery_tag(properties)
    _check_content(envelope)
    stated, args, kwargs = read_call(headers, read_body(envelope))
    _check_arguments(args, kwargs)
    task = _task(stated, known)
    return Arrival(
        headers={"task": task, "id": _id(stated), **_job(task, args, kwargs, stated), **_traced(headers)},
        properties={
            "delivery_tag": tag,
            # The anonymous exchange: what is put back goes to this queue, whichever exchange its sender named.
            "delivery_info": {"exchange": "", "routing_key": queue},
        },
        args=args,
        kwargs=kwargs,
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


def _members(envelope: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Headers or properties; empty where there are none, which PHP writes as an empty array."""
    found = envelope.get(name) or {}
    if not isinstance(found, dict):
        raise UnreadableMessage(f"{name} is no JSON object")
    return found


def _delivery_tag(properties: Mapping[str, Any]) -> str:
    """The sender's tag, where all is there that a stock worker would else take for a lost connection."""
    tag, info = _word(properties.get("delivery_tag")), properties.get("delivery_info")
    if not tag:
        raise UnreadableMessage("properties.delivery_tag is missing, or neither text nor a number")
    if not isinstance(info, dict):
        raise UnreadableMessage("properties.delivery_info is missing or no JSON object")
    for name in ("exchange", "routing_key"):
        if name not in info:
            raise UnreadableMessage(f"properties.delivery_info.{name} is missing")
    return tag


def _check_content(envelope: Mapping[str, Any]) -> None:
    if envelope.get("content-type") != "application/json":
        raise UnreadableMessage("content-type is not application/json")
    encoding = envelope.get("content-encoding")
    if encoding is not None and not isinstance(encoding, str):  # else it may say what it likes, as with Celery
        raise UnreadableMessage("content-encoding is not text")


def _check_arguments(args: object, kwargs: object) -> None:
    if not isinstance(args, list):
        raise UnreadableMessage("the arguments are no JSON array")
    if not isinstance(kwargs, dict):
        raise UnreadableMessage("the keyword arguments are no JSON object")
    if any(map(is_typed, args)):
        raise UnreadableMessage("an argument is not of the __type__ that it says")


def _task(stated: Mapping[str, Any], known: Collection[str]) -> str:
    task = stated.get("task")
    if not isinstance(task, str) or not task:
        raise UnreadableMessage("no task is named")
    if task not in known:
        raise UnknownTask("the task it names is none of this worker's")
    return task


def _id(stated: Mapping[str, Any]) -> str:
    """The task's id, which Flower and logs show: one that is fit to be shown, always the same for the same."""
    given = _word(stated.get("id"))
    if not given:
        raise UnreadableMessage("the task's id is missing, or neither text nor a number")
    return given if _PLAIN.fullmatch(given) else str(uuid.uuid5(_IDS, ascii(given)))


def _word(value: object) -> str | None:
    """Text, a number or a UUID as text; None for anything else."""
    found = types_as_text(value)
    return str(found) if isinstance(found, str | int | float) and not isinstance(found, bool) else None


def _job(task: str, args: list[Any], kwargs: dict[str, Any], stated: Mapping[str, Any]) -> dict[str, Any]:
    """What Flower and logs show of a job message, once it is known to be one; an order shows its own by itself."""
    partner = _REDEEMS.get(task)
    if partner is None:
        return {}
    if kwargs or len(args) != 1 or not isinstance(args[0], str) or not is_redemption_id(args[0], partner):
        raise UnreadableMessage(f"{task} takes one redemption id of {partner}'s and nothing else")
    retries = stated.get("retries")
    counted = isinstance(retries, int) and not isinstance(retries, bool) and 0 <= retries <= _MOST_RETRIES
    return {"retries": retries if counted else 0, "argsrepr": repr((args[0],)), "kwargsrepr": "{}"}


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
