"""The body of a Celery message: read however it travelled and however large it says it is, and written anew. Pure."""

from __future__ import annotations

import bz2
import json
import lzma
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final

from kombu.utils.json import loads as celery_loads

from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.strict_json import NotJson, nests_deeper, read_json

LARGEST: Final = 1024 * 1024
"""Bytes of a message, and of its body when it is unpacked: a real order has a few thousand."""
_DEEPEST: Final = 32
"""Masking keeps nothing that lies deeper, and so no such order could be replayed."""

_LISTED: Final = ("callbacks", "errbacks", "chain")
_UNPACKERS: Final[Mapping[str, Callable[[], Any]]] = {
    "application/x-gzip": zlib.decompressobj,  # so Celery calls what is zlib's own format
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
}


def read_body(envelope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in the body of a message, given as the JSON object that stood in the queue.

    Raises UnreadableMessage.
    """
    return read_value(body_text(envelope))


def body_text(envelope: Mapping[str, Any]) -> str:
    """The body as text; otherwise as `body_bytes`."""
    try:
        return body_bytes(envelope).decode()
    except UnicodeDecodeError:
        raise UnreadableMessage("the body is not UTF-8") from None  # the cause holds the body


def read_value(text: str) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value that a body's text stands for.

    Raises UnreadableMessage.
    """
    if nests_deeper(text, _DEEPEST):
        raise UnreadableMessage(f"the body nests deeper than {_DEEPEST} levels")
    try:
        return read_json(text)
    except NotJson as error:
        raise UnreadableMessage(f"the body cannot be read: {error}") from None


def body_bytes(envelope: Mapping[str, Any]) -> bytes:
    """The body as its sender wrote it: base64 and compression undone.

    Raises UnreadableMessage.
    """
    body = envelope.get("body")
    if not isinstance(body, str):
        raise UnreadableMessage("the body is not text")
    packed = _travelled(body, _within(envelope, "properties").get("body_encoding"))
    compression = _within(envelope, "headers").get("compression")
    return packed if compression is None else _unpacked(packed, compression)


def what_follows(embed: Mapping[str, Any]) -> dict[str, Any]:
    """What is to follow the task, out of the third part of a body.

    Raises UnreadableMessage where that has not the shape that Celery gives it.
    """
    follows: dict[str, Any] = {name: _signatures(embed.get(name), name) for name in _LISTED}
    follows["chord"] = embed.get("chord")
    if follows["chord"] is not None and not _is_signature(follows["chord"]):
        raise UnreadableMessage("chord: no task signature")
    return follows


def write_body(args: list[Any], kwargs: dict[str, Any], follows: Mapping[str, Any]) -> str:
    """A body as Celery's message protocol 2 has it.

    Raises UnreadableMessage where Celery could not read it.
    """
    body = json.dumps([args, kwargs, follows])
    if '"__type__"' in body:  # kombu's way to send a Decimal or a date; reading it runs code that may fail
        try:
            celery_loads(body)
        except (ValueError, TypeError, AttributeError, LookupError, ArithmeticError):
            raise UnreadableMessage("a value in the body is not of the __type__ that it says") from None
    return body


def _signatures(given: object, name: str) -> object:
    if given is not None and not (isinstance(given, list) and all(map(_is_signature, given))):
        raise UnreadableMessage(f"{name}: no list of task signatures")
    return given


def _is_signature(value: object) -> bool:
    """Whether it has the shape of a Celery task to call, as JSON."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("task"), str)
        and isinstance(value.get("args", []), list)
        and isinstance(value.get("kwargs", {}), dict)
        and isinstance(value.get("options", {}), dict)
    )


def _travelled(body: str, encoding: object) -> bytes:
    try:
        if encoding is None or encoding == "utf-8":
            return body.encode()
        if encoding == "base64":
            return b64decode(body, validate=True)
    except UnicodeEncodeError:
        raise UnreadableMessage("the body holds half a surrogate pair") from None  # the cause holds the body
    except ValueError:
        raise UnreadableMessage("the body is not base64, though it says so") from None
    raise UnreadableMessage("properties.body_encoding is none that is known here")


def _unpacked(packed: bytes, compression: object) -> bytes:
    unpacker = _UNPACKERS.get(compression) if isinstance(compression, str) else None
    if unpacker is None:
        raise UnreadableMessage("headers.compression is none that is known here")
    stream = unpacker()
    try:
        body: bytes = stream.decompress(packed, LARGEST + 1)
    except (zlib.error, OSError, lzma.LZMAError, EOFError):
        raise UnreadableMessage("the body cannot be unpacked") from None
    if len(body) > LARGEST:
        raise UnreadableMessage(f"the body is larger than {LARGEST} bytes when unpacked")
    if not stream.eof:
        raise UnreadableMessage("the compressed body is cut off")
    return body


def _within(envelope: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = envelope.get(name)
    return found if isinstance(found, dict) else {}
