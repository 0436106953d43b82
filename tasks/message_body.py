"""The body of a Celery message: from how it travelled to the JSON value in it, however large it says it is. Pure."""

from __future__ import annotations

import bz2
import lzma
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final

from tasks.bad_message import UnreadableMessage
from tasks.strict_json import NotJson, deepest, read_json

LARGEST: Final = 1024 * 1024
"""Bytes of a message, and of its body when it is unpacked: a real order has a few thousand."""
_DEEPEST: Final = 32
"""Far less than what Python can read at all: Celery reads the body again, deeper in its stack."""

_UNPACKERS: Final[Mapping[str, Callable[[], Any]]] = {
    "application/x-gzip": zlib.decompressobj,  # so Celery calls what is zlib's own format
    "application/x-bz2": bz2.BZ2Decompressor,
    "application/x-lzma": lzma.LZMADecompressor,
}


def read_body(envelope: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in the body of a message, given as the JSON object that stood in the queue.

    Raises UnreadableMessage.
    """
    try:
        text = body_bytes(envelope).decode()
        value = read_json(text)
    except UnicodeDecodeError:
        raise UnreadableMessage("the body is not UTF-8") from None  # the cause holds the body
    except NotJson as error:
        raise UnreadableMessage(f"the body cannot be read: {error}") from None
    # Nothing nests deeper than it has brackets.
    if text.count("[") + text.count("{") > _DEEPEST and deepest(value) > _DEEPEST:
        raise UnreadableMessage(f"the body nests deeper than {_DEEPEST} levels")
    return value


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
