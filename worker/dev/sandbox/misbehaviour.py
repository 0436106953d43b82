"""Puts an answer, or a fault in its place, on the wire; each misbehaviour is genuine, down to the RST."""

from __future__ import annotations

import socket
import struct
from time import monotonic
from typing import TYPE_CHECKING

from worker.dev.sandbox.faults import RIGHT_ANSWERS, Fault
from worker.dev.sandbox.wire import Answer, reason

if TYPE_CHECKING:
    import threading

MEBIBYTE = 1 << 20
_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"

_UNREADABLE = {
    "GARBAGE": Answer(200, b'<html><body>Wartungsarbeiten \xfcber Nacht {"message": </body></html>', "text/html"),
    "TRUNCATED": Answer(200, b'{"result":"success","message":"Coupon redem'),
    "EMPTY": Answer(200),
    "HUGE": Answer(200, b'{"result":"success","message":"'),
}


def compose(fault: Fault | None, answer: Answer | None) -> Answer | None:
    """What the caller gets to see of the partner's answer; None when the fault has no HTTP answer at all."""
    if fault is None or fault.name in RIGHT_ANSWERS:
        return answer
    if fault.status is None:
        return _UNREADABLE.get(fault.name)
    headers: list[tuple[str, str]] = []
    if fault.parameter is not None:
        headers.append(("Retry-After", f"{fault.parameter:g}"))
    if fault.status < 400:  # noqa: PLR2004  # redirects: to where a client that follows them is seen in the books
        headers.append(("Location", "/followed"))
    bodiless = fault.status == 304  # noqa: PLR2004  # by RFC 9110 it has none
    page = b"" if bodiless else f"<html><h1>{fault.status} {reason(fault.status)}</h1></html>".encode()
    return Answer(fault.status, page, "text/html", tuple(headers))


def deliver(connection: socket.socket, fault: Fault | None, answer: Answer | None, stopping: threading.Event) -> bool:
    """Sends what `compose` made, in the fault's manner; returns whether the connection stays usable.

    `stopping` ends every wait. Raises OSError when the client has gone.
    """
    name = fault.name if fault else ""
    parameter = fault.parameter if fault else None
    if name == "HANG":
        wait_for_hangup(connection, parameter)
    elif name == "RESET":
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif name == "NOISE":
        connection.sendall(b"\x15\x03\x01\x00\x02\x02\x16 this is not HTTP\r\n\r\n")
    elif answer is None:
        return False
    elif name == "TRUNCATED":
        connection.sendall(answer.encode(length=len(answer.body) + 512))
    elif name == "HUGE":
        _send_huge(connection, answer, int(MEBIBYTE * (parameter or 0)))
    elif name == "DRIP":
        _send_drops(connection, answer.encode(), parameter or 0.0, stopping)
        return True
    else:
        if name == "HINTS":
            connection.sendall(_HINTS)
        connection.sendall(answer.encode())
        return name != "HANGUP"
    return False


def wait_for_hangup(connection: socket.socket, seconds: float | None) -> None:
    """Holds the connection open without a word until the client closes it or `seconds` have passed."""
    deadline = None if seconds is None else monotonic() + seconds
    try:
        while deadline is None or monotonic() < deadline:
            connection.settimeout(None if deadline is None else max(deadline - monotonic(), 0.001))
            if not connection.recv(65_536):
                return
    except TimeoutError:
        return


def _send_huge(connection: socket.socket, answer: Answer, size: int) -> None:
    connection.sendall(answer.encode(length=len(answer.body) + size))
    block = b"x" * min(size, MEBIBYTE)
    for start in range(0, size, MEBIBYTE):
        connection.sendall(block[: size - start])


def _send_drops(connection: socket.socket, data: bytes, gap: float, stopping: threading.Event) -> None:
    for drop in data:
        connection.sendall(bytes([drop]))
        stopping.wait(gap)
