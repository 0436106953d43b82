"""HTTP/1.1 in a hundred lines: requests are kept byte for byte, which `http.server` does not do.

`http.server` collapses leading slashes and parses headers as mail, at several times the cost.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from http import HTTPStatus
from typing import BinaryIO

_LONGEST_LINE = 1 << 20
_MOST_HEADERS = 200
_REASONS = {int(status): status.phrase for status in HTTPStatus}


class MalformedRequestError(Exception):
    """The bytes are no request we can read; the text says why."""


@dataclass(frozen=True, slots=True)
class Request:
    """One request as received; text is Latin-1, so that every byte shows."""

    method: str
    path: str
    version: str
    headers: dict[str, str]
    body: bytes

    def header(self, name: str) -> str:
        """A header's value, or an empty string."""
        return _header(self.headers, name)

    @property
    def keep_alive(self) -> bool:
        """Whether the connection stays open after the answer."""
        return self.version == "HTTP/1.1" and self.header("connection").lower() != "close"


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with its body."""

    status: int
    body: bytes = b""
    content_type: str = "application/json"
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, *, length: int | None = None) -> bytes:
        """The whole answer as bytes; `length` claims another Content-Length than the true one."""
        claimed = len(self.body) if length is None else length
        lines = [f"HTTP/1.1 {self.status} {reason(self.status)}", "Server: redeem-sandbox"]
        if self.body or length:
            lines.append(f"Content-Type: {self.content_type}")
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines.append(f"Content-Length: {claimed}\r\n\r\n")
        return "\r\n".join(lines).encode("latin-1") + self.body


def json_answer(status: int, value: object) -> Answer:
    """An answer with a JSON body, written without spaces as the partners do."""
    return Answer(status, json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode())


def reason(status: int) -> str:
    """The reason phrase of any status."""
    return _REASONS.get(status, "Unnamed")


def read_request(stream: BinaryIO, reply: BinaryIO) -> Request | None:
    """Reads one request, or None when the client has gone. Raises MalformedRequestError.

    `reply` gets the interim answer to `Expect: 100-continue`.
    """
    line = _line(stream)
    if not line:
        return None
    method, _, rest = line.partition(" ")
    path, _, version = rest.rpartition(" ")
    if not path or not version.startswith("HTTP/1."):
        raise MalformedRequestError("this is no HTTP/1.1 request line")
    headers = _headers(stream)
    if _header(headers, "transfer-encoding"):
        raise MalformedRequestError("send a Content-Length; chunked bodies are not read here")
    length = _header(headers, "content-length") or "0"
    if not (length.isascii() and length.isdigit()):
        raise MalformedRequestError("Content-Length is no number")
    if _header(headers, "expect").lower() == "100-continue":
        reply.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    body = stream.read(int(length))
    return Request(method, path, version, headers, body) if len(body) == int(length) else None


def _line(stream: BinaryIO) -> str:
    raw = stream.readline(_LONGEST_LINE)
    if len(raw) == _LONGEST_LINE:
        raise MalformedRequestError("a line is too long")
    return raw.decode("latin-1").rstrip("\r\n")


def _headers(stream: BinaryIO) -> dict[str, str]:
    headers: dict[str, str] = {}
    for _ in range(_MOST_HEADERS):
        line = _line(stream)
        if not line:
            return headers
        name, colon, value = line.partition(":")
        if not colon:
            raise MalformedRequestError("a header has no colon")
        value = value.strip()
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    raise MalformedRequestError("too many headers")


def _header(headers: dict[str, str], wanted: str) -> str:
    return next((value for name, value in headers.items() if name.lower() == wanted), "")
