"""The body of a Celery message: read however it travelled and however large it says it is. Pure.

One reader for workers, replays and erasures. It forgives what Celery forgives: base64 with line breaks, the names that
kombu has for a compression, whatever the message says its character set is. JSON is always read as UTF-8.
"""

from __future__ import annotations

import bz2
import functools
import lzma
import zlib
from base64 import b64decode
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.strict_json import NotJson, nests_deeper, read_json
from tasks.messages.typed_values import may_hold_types, types_as_text

LARGEST: Final = 1024 * 1024
"""Bytes of a message, and of its body when it is unpacked: a real order has a few thousand."""
_DEEPEST: Final = 32
"""Masking keeps nothing that lies deeper, and so no such order could be replayed."""

_ZLIB_OR_GZIP: Final = zlib.MAX_WBITS | 32  # kombu's gzip is zlib's own format; others send what it says
_gzip: Final = functools.partial(zlib.decompressobj, _ZLIB_OR_GZIP)
_UNPACKERS: Final[Mapping[str, Callable[[], Any]]] = {
    **dict.fromkeys(("application/x-gzip", "gzip", "zlib"), _gzip),
    **dict.fromkeys(("application/x-bz2", "bzip2", "bzip"), bz2.BZ2Decompressor),
    **dict.fromkeys(("application/x-lzma", "lzma", "xz"), lzma.LZMADecompressor),
}
_URL_SAFE: Final = str.maketrans("-_", "+/", "=")


class Called(NamedTuple):
    """Which task a message calls, with which arguments; unchecked, except that it has them all."""

    stated: Mapping[str, Any]
    """What the message says of itself: `task`, `id` and more."""
    args: Any
    kwargs: Any


def read_call(headers: Mapping[str, Any], payload: object) -> Called:
    """What a message asks for, by its headers and its body, in either of Celery's message protocols.

    Celery's callbacks, errbacks, chains and chords are not read: nothing follows an order.

    Raises UnreadableMessage.
    """
    # Protocol 1 says all in the body; some say part of it in the headers too.
    if isinstance(payload, dict) and not payload.keys().isdisjoint(("args", "kwargs")):
        said = {name: value for name, value in headers.items() if value is not None}
        return Called({**payload, **said}, payload.get("args", []), payload.get("kwargs", {}))
    if isinstance(payload, list) and len(payload) == 3:  # noqa: PLR2004 - as unpacked here
        args, kwargs, _ = payload
        return Called(headers, args, kwargs)
    raise UnreadableMessage("it has no arguments: neither [args, kwargs, embed] nor an object with args and kwargs")


def read_body(envelope: Mapping[str, Any], *, named_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value in the body of a message, given as the JSON object that stood in the queue.

    Values that kombu sent with their type are text in it; `named_numbers` as `read_json` has it.

    Raises UnreadableMessage.
    """
    try:
        text = body_bytes(envelope).decode()
    except UnicodeDecodeError:
        raise UnreadableMessage("the body is not UTF-8") from None  # the cause holds the body
    if nests_deeper(text, _DEEPEST):
        raise UnreadableMessage(f"the body nests deeper than {_DEEPEST} levels")
    try:
        value = read_json(text, named_numbers=named_numbers)
    except NotJson as error:
        raise UnreadableMessage(f"the body cannot be read: {error}") from None
    return types_as_text(value) if may_hold_types(text) else value


def body_bytes(envelope: Mapping[str, Any]) -> bytes:
    """The body as its sender wrote it: base64 and compression undone.

    Raises UnreadableMessage.
    """
    body = envelope.get("body")
    if not isinstance(body, str):
        raise UnreadableMessage("the body is not text")
    packed = _travelled(body, _within(envelope, "properties").get("body_encoding"))
    compression = _within(envelope, "headers").get("compression")
    return _unpacked(packed, compression) if compression else packed


def _travelled(body: str, encoding: object) -> bytes:
    if encoding == "base64":
        return _from_base64(body)
    if encoding not in (None, "", "utf-8", "UTF-8", "utf8"):
        raise UnreadableMessage("properties.body_encoding is none that is known here")
    try:
        return body.encode()
    except UnicodeEncodeError:
        raise UnreadableMessage("the body holds half a surrogate pair") from None  # the cause holds the body


def _from_base64(body: str) -> bytes:
    """Base64 of any make: MIME breaks lines, others leave out the padding or use the alphabet for URLs."""
    try:
        return b64decode(body, validate=True)  # as nearly always
    except ValueError:
        letters = "".join(body.split()).translate(_URL_SAFE)
    try:
        return b64decode(letters + "=" * (-len(letters) % 4), validate=True)
    except ValueError:
        raise UnreadableMessage("the body is not base64, though it says so") from None  # the cause holds the body


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
