"""Personal data out of a message that is kept although it is not ours to run. Pure.

What can be parsed is looked through to its last value, the body included, however it travelled; an event in it is
masked as events are. What cannot be parsed but is text loses the words around every @; bytes that are no text stay.
"""

from __future__ import annotations

import functools
import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any, Final

from tasks.events import OrderEvent
from tasks.masking import mask_event
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.body import body_bytes
from tasks.messages.strict_json import DEEPEST, NotJson, nests_deeper
from tasks.plain_text import MASK, without_addresses

_EVENT_FIELDS: Final = frozenset(OrderEvent.model_fields)
_ENVELOPE_FIELDS: Final = frozenset({"body", "headers", "properties"})
_REPEAT_THE_ARGUMENTS: Final = ("argsrepr", "kwargsrepr", "shadow")
_NODE: Final = re.compile(r"gen\d+@[\w.-]{1,255}")
"""Where a message came from, as Celery writes it: a process and its host."""
_DEEPEST: Final = 32

_PIECE: Final = re.compile(r"[^\s\"'<>(){}\[\],;]++")
_AT: Final = re.compile(r"[@\uff20\ufe6b\ud800-\udfff]|%(?:25)*40|\\u(?:0040|ff20|fe6b)", re.IGNORECASE)
_ADDRESS_IN_BYTES: Final = re.compile(rb"(?<![\w.+-])[\w.+-]++@[\w-]+(?:\.[\w-]+)+")


def mask_message(raw: bytes) -> bytes:
    """The message as it may be kept: byte for byte where nothing in it needs to go."""
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return raw
    try:
        message, renamed = _read(text)
    except ValueError:
        return mask_text(text).encode()
    masked = _masked_envelope(message) if _is_envelope(message) else mask_value(message)
    return raw if masked == message and not renamed else json.dumps(masked, ensure_ascii=False).encode()


def is_readable(kept: bytes) -> bool:
    """Whether all of what is kept could be looked through; in what could not, anything may hide."""
    try:
        message, _ = _read(kept.decode())
        if _is_envelope(message) and "body" in message:
            _read(body_bytes(message).decode())
    except (ValueError, UnreadableMessage):
        return False
    return True


def mask_text(text: str) -> str:
    """Text that is no JSON, without the pieces that hold an @ in any spelling."""
    return _PIECE.sub(_masked_piece, text) if _may_hold_an_address(text) else text


def _masked_piece(piece: re.Match[str]) -> str:
    return MASK if _AT.search(piece[0]) and not _NODE.fullmatch(piece[0]) else piece[0]


def _may_hold_an_address(text: str) -> bool:
    """Told by what is quick to find: a message may have ten megabytes."""
    return not text.isascii() or any(sign in text for sign in ("@", "%", "\\u"))


def _is_event_like(value: dict[str, Any]) -> bool:
    return not _EVENT_FIELDS.isdisjoint(value)


def _is_envelope(message: object) -> bool:
    return isinstance(message, dict) and not _ENVELOPE_FIELDS.isdisjoint(message)


def mask_value(value: object, room: int = _DEEPEST) -> Any:  # noqa: ANN401 - any JSON value
    """A JSON value of any shape without addresses, and with whatever may be an event masked as one.

    Nothing of it stays `room` levels down; what JSON has no word for, such as a date, is masked.
    """
    if isinstance(value, str):
        return without_addresses(value) if _may_hold_an_address(value) else value
    if value is None or isinstance(value, bool | int | float):
        return value
    if not room or not isinstance(value, dict | list):
        return MASK
    if isinstance(value, list):
        return [mask_value(member, room - 1) for member in value]
    if _is_event_like(value):
        return mask_event(value)
    return {without_addresses(name): mask_value(member, room - 1) for name, member in value.items()}


def _masked_members(members: Mapping[str, Any]) -> dict[str, Any]:
    return {without_addresses(name): mask_value(value) for name, value in members.items()}


def _masked_envelope(envelope: Mapping[str, Any]) -> dict[str, Any]:
    masked = _masked_members(envelope)
    for part in ("headers", "properties"):
        if isinstance(envelope.get(part), dict):
            masked[part] = _masked_members(envelope[part])
    body, untouched = _masked_body(envelope)
    if "body" in envelope:
        masked["body"] = body
    headers = _dict(masked, "headers")
    if not untouched:
        headers.update({name: MASK for name in _REPEAT_THE_ARGUMENTS if headers.get(name) is not None})
    origin = _dict(envelope, "headers").get("origin")
    if isinstance(origin, str) and _NODE.fullmatch(origin):
        headers["origin"] = origin
    if body != envelope.get("body") and isinstance(body, str):  # as plain text now
        headers.pop("compression", None)
        _dict(masked, "properties").pop("body_encoding", None)
    return masked


def _masked_body(envelope: Mapping[str, Any]) -> tuple[Any, bool]:
    """The body as it may be kept, and whether it was read and nothing in it had to go."""
    body = envelope.get("body")
    try:
        text = body_bytes(envelope)
        payload, renamed = _read(text.decode())
    except UnreadableMessage:
        return (mask_text(body) if isinstance(body, str) else mask_value(body)), False
    except ValueError:
        return _masked_bytes(body, text), False
    masked = mask_value(payload)
    return (body, True) if masked == payload and not renamed else (json.dumps(masked, ensure_ascii=False), False)


def _masked_bytes(body: Any, content: bytes) -> Any:  # noqa: ANN401 - text, or it would have had no content
    """A body that is no JSON: pickle, YAML, anything. Nobody will ever run it, so it need not stay in one piece."""
    try:
        text = content.decode()
    except UnicodeDecodeError:
        found = _ADDRESS_IN_BYTES.sub(MASK.encode(), content)
        return body if found == content else found.decode(errors="backslashreplace")
    masked = mask_text(text)
    return body if masked == text else masked


def _dict(message: Mapping[str, Any], name: str) -> dict[str, Any]:
    found = message.get(name)
    return found if isinstance(found, dict) else {}


def _read(text: str) -> tuple[Any, bool]:
    """The JSON value that a text stands for, with all that `_each_pair` keeps, and whether that renamed a key.

    What holds a renamed key is written anew, so that an operator can name it in a replay. Raises ValueError.
    """
    if nests_deeper(text, DEEPEST):
        raise NotJson("it nests too deeply")
    renamed: set[str] = set()
    reader = json.JSONDecoder(object_pairs_hook=functools.partial(_each_pair, renamed))
    return reader.decode(text), bool(renamed)


def _each_pair(renamed: set[str], pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """All that stands in an object, also under a key that stands there twice: hidden there, an address would stay."""
    found: dict[str, Any] = {}
    times: Counter[str] = Counter()
    for name, value in pairs:
        unique = name
        while unique in found:
            times[name] += 1
            unique = f"{name} ({times[name] + 1})"
            renamed.add(unique)
        found[unique] = value
    return found
