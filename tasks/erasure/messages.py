"""What a message or a letter's raw text says of a subject, and the same without it. Pure.

What can be read as an event or a doorbell is told by its fields; anything else is searched as bytes.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tasks.erasure.subject import PERSONAL, Subject
from tasks.identity import order_of, shop_of
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.body import read_body
from tasks.messages.mending import Doorbell, wanted
from tasks.messages.strict_json import NotJson, read_json

_REPEAT_THE_ARGUMENTS: Final = ("argsrepr", "kwargsrepr", "shadow")


@dataclass(frozen=True)
class Order:
    """An order of a shop; the shop is empty where a message does not tell it."""

    order_id: str
    shop: str


def read(raw: bytes) -> Doorbell | Mapping[str, Any] | None:
    """The doorbell or the event in a message, as an operator's replay would read it; None where it is neither."""
    try:
        return wanted(raw.decode())
    except (UnicodeDecodeError, UnreadableMessage):
        return None


def order_of_message(subject: Subject, raw: bytes) -> Order | None:
    """Which of the subject's orders a message is about."""
    if not subject.orders:
        return None
    found = read(raw)
    if isinstance(found, Doorbell):
        known = Order(order_of(found.redemption_id), shop_of(found.redemption_id))
        return known if subject.is_order(known.order_id, known.shop) else None
    if found is not None and isinstance(found.get("order_id"), str | int):
        shop = found.get("shop", "default")
        known = Order(str(found["order_id"]).strip(), str(shop).strip().lower())
        if subject.is_order(known.order_id, known.shop):
            return known
        return None
    guessed = subject.order_in(raw)
    return None if guessed is None else Order(guessed, "")


def is_about_customer(subject: Subject, raw: bytes) -> bool:
    """Whether a message holds one of the subject's customers: in clear where it can be read, else in any spelling."""
    if not subject.email_hashes and not subject.customers:
        return False
    try:
        message, payload = _parsed(raw)
    except (UnicodeDecodeError, NotJson, UnreadableMessage):
        return subject.customer_in(raw)
    text = json.dumps([message, payload], ensure_ascii=False).encode("utf-8", "replace")
    return subject.names_customer(text) or (b"%" in text and subject.names_customer(unquote_to_bytes(text)))


def without_customer(subject: Subject, raw: bytes) -> bytes | None:
    """The message without what is personal in events of the customer; None where that cannot be done.

    Its body comes back as plain JSON, and what repeats the arguments is gone.
    """
    try:
        message, payload = _parsed(raw)
    except (UnicodeDecodeError, NotJson, UnreadableMessage):
        return None
    if payload is not None:
        message = _plain(message, json.dumps(_without(subject, payload)))
    cleaned = json.dumps(_without(subject, message), ensure_ascii=False).encode("utf-8", "replace")
    return None if is_about_customer(subject, cleaned) else cleaned


def _parsed(raw: bytes) -> tuple[Any, Any]:
    """The JSON value that a message is, and its body, if it has one."""
    message = read_json(raw.decode())
    return message, read_body(message) if isinstance(message, dict) and "body" in message else None


def _plain(envelope: dict[str, Any], body: str) -> dict[str, Any]:
    """The envelope around that body, which is neither packed nor encoded."""
    parts = {name: dict(part) for name in ("headers", "properties") if isinstance(part := envelope.get(name), dict)}
    headers, properties = parts.get("headers", {}), parts.get("properties", {})
    for name in (*_REPEAT_THE_ARGUMENTS, "compression"):
        headers.pop(name, None)
    properties.pop("body_encoding", None)
    return envelope | parts | {"body": body}


def _without(subject: Subject, value: Any) -> Any:  # noqa: ANN401 - any JSON value
    if isinstance(value, dict):
        gone = PERSONAL if subject.is_customer(value) else ()
        return {name: _without(subject, member) for name, member in value.items() if name not in gone}
    if isinstance(value, list):
        return [_without(subject, member) for member in value]
    return subject.mask(value) if isinstance(value, str) else value
