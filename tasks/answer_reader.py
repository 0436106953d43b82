"""An HTTP/1.1 answer of whatever shape, read from its first byte (RFC 9112). Interim answers (1xx) are skipped.

Where an answer ends must be beyond doubt, or it is unreadable. A connection is kept only after an answer that has
nothing odd about its form: whatever is left unread on it would be taken for the answer to the next request.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from typing import Final, NamedTuple

import urllib3

MOST_INTERIM: Final = 32
"""Interim answers before the final one; more are no answer of anybody's."""
LONGEST_BODY: Final = 256 * 1024
"""Bytes of a body, unpacked; a redemption's answer is under 2 kB."""

_LONGEST_HEAD: Final = 64 * 1024
_LONGEST_LINE: Final = 4096  # of a chunk's size with its extensions, or a trailer
_READ: Final = 16 * 1024
_SWITCHING: Final = 101
_FINAL: Final = range(200, 1000)
_BODILESS: Final = (204, 304)

_PROTOCOL: Final = b"HTTP/"
_STATUS: Final = re.compile(rb"HTTP/1\.([0-9])[\t ]+([1-9][0-9]{2})(?:[\t ][^\r]*)?", re.IGNORECASE)
_FIELD: Final = re.compile(rb"([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*([^\r\0]*?)[\t ]*")
_FOLD: Final = re.compile(rb"\r?\n[\t ]+")  # a field that goes on in the next line (RFC 9112 §5.2)
_LINE_ENDS: Final = re.compile(rb"\r?\n")
_HEAD_ENDS: Final = re.compile(rb"\r?\n\r?\n")
_CHUNK_SIZE: Final = re.compile(rb"0*([0-9A-Fa-f]{1,8})[\t ]*(?:;[^\r]*)?")  # some pad it with zeros
_LENGTH: Final = re.compile(r"[0-9]{1,18}")

NO_ANSWER: Final = "connection closed without an answer"
TOO_LONG: Final = "the answer is too long"
BROKE_OFF: Final = "the answer broke off"
GARBLED: Final = "the answer is garbled"

Receive = Callable[[int], bytes]
"""Reads at most so many bytes of a connection; none when the other end has closed it."""


class UnreadableAnswer(ValueError):  # noqa: N818 - named by what happened
    """Nothing that came can be taken for the answer. The text is ours and may be shown."""


class Head(NamedTuple):
    """Status line and fields of an answer; the fields' names are in lower case, equal ones joined by commas."""

    status: int
    fields: dict[str, str]
    keeps: bool
    """Whether its form is sound and it does not say that the connection ends here."""


class ReadAnswer(NamedTuple):
    """A final answer with its whole body, unpacked."""

    status: int
    fields: dict[str, str]
    body: bytes
    keeps: bool
    """Whether the connection may be kept, as far as the answer's own form says."""
    behind: bytes
    """What came behind the answer."""


def read_answer(received: bytes, receive: Receive) -> ReadAnswer:
    """The final answer that begins with the bytes `received`; more are read as needed.

    Raises UnreadableAnswer, and whatever `receive` does.
    """
    stream = _Stream(received, receive)
    head = _final_head(stream)
    body, certain = _body(stream, head)
    body = _unpacked(body, head.fields.get("content-encoding"))
    return ReadAnswer(head.status, head.fields, body, head.keeps and certain, bytes(stream.buffer))


def read_head(receive: Receive) -> tuple[Head, bytes]:
    """The final head alone, and what came behind it: all that there is of an answer to CONNECT which agrees.

    Raises as `read_answer`.
    """
    stream = _Stream(b"", receive)
    return _final_head(stream), bytes(stream.buffer)


class _Stream:
    """A connection's bytes: those that came and were not taken yet, and those to come."""

    def __init__(self, received: bytes, receive: Receive) -> None:
        self.buffer = bytearray(received)
        self._receive = receive

    def wait(self) -> bool:
        """Wait for more bytes; False when there will be none."""
        more = self._receive(_READ)
        self.buffer += more
        return bool(more)

    def take(self, count: int) -> bytes:
        """The next `count` bytes."""
        while len(self.buffer) < count:
            if not self.wait():
                raise UnreadableAnswer(BROKE_OFF)
        taken = bytes(self.buffer[:count])
        del self.buffer[:count]
        return taken

    def take_until(self, end: re.Pattern[bytes], most: int) -> bytes:
        """All before the next `end`, at most `most` bytes, which is itself taken too."""
        looked_at = 0
        while (found := end.search(self.buffer, max(0, looked_at - 3))) is None:
            looked_at = len(self.buffer)
            if looked_at > most:
                raise UnreadableAnswer(TOO_LONG)
            if not self.wait():
                raise UnreadableAnswer(BROKE_OFF)
        if found.start() > most:
            raise UnreadableAnswer(TOO_LONG)
        taken = self.take(found.end())
        return taken[: found.start()]

    def take_rest(self, most: int) -> bytes:
        """All until the other end closes, at most `most` bytes."""
        while len(self.buffer) <= most:
            if not self.wait():
                return self.take(len(self.buffer))
        raise UnreadableAnswer(TOO_LONG)


def _final_head(stream: _Stream) -> Head:
    for _ in range(MOST_INTERIM + 1):
        head = _next_head(stream)
        if head.status in _FINAL:
            return head
        if head.status == _SWITCHING:
            raise UnreadableAnswer("HTTP 101: another protocol, which nobody asked for")
    raise UnreadableAnswer(f"more than {MOST_INTERIM} interim answers")


def _next_head(stream: _Stream) -> Head:
    while len(stream.buffer) < len(_PROTOCOL) and stream.wait():
        pass
    if stream.buffer[: len(_PROTOCOL)].upper() != _PROTOCOL:
        raise UnreadableAnswer(NO_ANSWER)
    received = stream.take_until(_HEAD_ENDS, _LONGEST_HEAD)
    line, *lines = _LINE_ENDS.split(unfolded := _FOLD.sub(b" ", received))
    found = _STATUS.fullmatch(line)
    if found is None:
        raise UnreadableAnswer(NO_ANSWER)
    fields, sound = _fields(lines)
    options = [option.strip().lower() for option in fields.get("connection", "").split(",")]
    stays = "close" not in options and (found[1] != b"0" or "keep-alive" in options)
    return Head(int(found[2]), fields, sound and stays and unfolded == received)


def _fields(lines: list[bytes]) -> tuple[dict[str, str], bool]:
    """The fields, and whether every line is one; of lines that are none nothing is taken (RFC 9112 §5)."""
    fields: dict[str, str] = {}
    sound = True
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            sound = False
            continue
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields, sound


def _body(stream: _Stream, head: Head) -> tuple[bytes, bool]:
    """The body, and whether its end is beyond doubt (RFC 9112 §6.3)."""
    coding = head.fields.get("transfer-encoding", "identity").lower()
    lengths = {length.strip() for length in head.fields.get("content-length", "").split(",")} - {""}
    if head.status in _BODILESS:
        return b"", not lengths - {"0"} and coding == "identity"
    if coding == "chunked":
        return _chunks(stream), not lengths
    if coding != "identity" or len(lengths) > 1 or not all(map(_LENGTH.fullmatch, lengths)):
        raise UnreadableAnswer(GARBLED)
    if not lengths:
        return stream.take_rest(LONGEST_BODY), False
    length = int(lengths.pop())
    body = stream.take(min(length, LONGEST_BODY + 1))
    if length > LONGEST_BODY:
        raise UnreadableAnswer(TOO_LONG)
    return body, "transfer-encoding" not in head.fields


def _chunks(stream: _Stream) -> bytes:
    body = bytearray()
    while True:
        size = _CHUNK_SIZE.fullmatch(stream.take_until(_LINE_ENDS, _LONGEST_LINE))
        if size is None:
            raise UnreadableAnswer(GARBLED)
        length = int(size[1], 16)
        if length == 0:
            break
        if len(body) + length > LONGEST_BODY:
            raise UnreadableAnswer(TOO_LONG)
        body += stream.take(length)
        if stream.take(2) != b"\r\n":
            raise UnreadableAnswer(GARBLED)
    trailers = _LONGEST_HEAD
    while (trailer := stream.take_until(_LINE_ENDS, _LONGEST_LINE)) and trailers > 0:
        trailers -= len(trailer)
    if trailer:
        raise UnreadableAnswer(TOO_LONG)
    return bytes(body)


def _unpacked(body: bytes, encoding: str | None) -> bytes:
    """The body without the encoding that nobody asked for; one that urllib3 does not know is left as it is."""
    if not encoding:
        return body
    packed = urllib3.HTTPResponse(io.BytesIO(body), {"content-encoding": encoding}, preload_content=False)
    unpacked = packed.read(LONGEST_BODY + 1, decode_content=True)
    if len(unpacked) > LONGEST_BODY:
        raise UnreadableAnswer(TOO_LONG)
    return unpacked
