"""Every way in which bytes that nobody could parse may spell something: each is undone, and what it hid too. Pure.

An unreadable message is kept as it came, so an order's number may stand in it as base64, percent-encoded, with JSON's
escapes, compressed, in UTF-16, or several of these within one another.
"""

from __future__ import annotations

import bz2
import html
import lzma
import quopri
import re
import zlib
from base64 import b64decode
from collections.abc import Callable, Iterator
from typing import Any, Final
from urllib.parse import unquote_to_bytes

from tasks.messages.body import LARGEST

_DEEPEST: Final = 6
_MOST: Final = 6 * LARGEST
"""Bytes looked at for one message, all its spellings together."""
_ESCAPED: Final = re.compile(r"\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})|\\([/\"\\nrt])")
_PACKED_RUN: Final = re.compile(rb"[A-Za-z0-9+/_-]{8,}={0,2}")
_URL_SAFE: Final = bytes.maketrans(b"-_", b"+/")
_UNPACKERS: Final[tuple[Callable[[], Any], ...]] = (
    zlib.decompressobj,
    lambda: zlib.decompressobj(wbits=31),  # gzip
    bz2.BZ2Decompressor,
    lzma.LZMADecompressor,
)
_PACKED: Final = (b"\x78", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"\x5d\x00")
"""What compressed data begins with."""


def spellings(raw: bytes) -> Iterator[bytes]:
    """The bytes themselves, and all that they may be a spelling of; the same never twice.

    Bounded: beyond six layers, or six times the largest message, nothing is undone any more.
    """
    layer, seen, room = [raw], set[bytes](), max(_MOST, len(raw))
    for _ in range(_DEEPEST):
        following: list[bytes] = []
        for data in layer:
            if data in seen or len(data) > room:
                continue
            seen.add(data)
            room -= len(data)
            yield data
            following += _undone(data)
        layer = following


def _undone(data: bytes) -> Iterator[bytes]:
    if b"\0" in data:
        yield data.replace(b"\0", b"")  # UTF-16 and UTF-32, as far as it is ASCII
    if b"\\" in data:
        yield _unescaped(data)
    if b"%" in data:
        yield unquote_to_bytes(data)
        yield unquote_to_bytes(data.replace(b"+", b" "))
    if b"&#" in data or b"&amp;" in data:
        yield html.unescape(data.decode("utf-8", "surrogateescape")).encode("utf-8", "surrogateescape")
    if re.search(rb"=[0-9A-F]{2}", data):
        yield quopri.decodestring(data)
    if data.startswith(_PACKED):
        yield from _unpacked(data)
    yield from _base64(data)
    if re.search(rb"\s", data):
        yield from _base64(re.sub(rb"\s+", b"", data), longest_only=True)


def _unescaped(data: bytes) -> bytes:
    """JSON's and Python's escapes undone; halves of a surrogate pair are put together."""
    text = data.decode("utf-8", "surrogateescape")

    def plain(found: re.Match[str]) -> str:
        if found[3]:
            return {"n": "\n", "r": "\r", "t": "\t"}.get(found[3], found[3])
        return chr(int(found[1] or found[2], 16))

    unescaped = _ESCAPED.sub(plain, text)
    return unescaped.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()


def _base64(data: bytes, *, longest_only: bool = False) -> Iterator[bytes]:
    """What runs of base64 stand for. Something may stand before it that looks like part of it, hence four tries."""
    for found in _PACKED_RUN.finditer(data):
        run = found[0].rstrip(b"=").translate(_URL_SAFE)
        if longest_only and len(run) < len(data) // 2:
            continue
        for start in range(4):
            part = run[start:]
            part = part[: len(part) - (len(part) % 4 == 1)]
            if part:
                yield b64decode(part + b"=" * (-len(part) % 4))


def _unpacked(data: bytes) -> Iterator[bytes]:
    for unpacker in _UNPACKERS:
        try:
            found: bytes = unpacker().decompress(data, LARGEST)
        except (zlib.error, OSError, lzma.LZMAError, EOFError, ValueError):
            continue
        if found:
            yield found
