"""Who sends a whole body before looking for an answer hears it, also where that was given at the first bytes."""

from __future__ import annotations

import socket
import time

import pytest

from tests.web.conftest import TOKENS, Web
from worker.dev.ports import LOOPBACK
from worker.web.body import MOST_BYTES


def head(length: int, *lines: str) -> bytes:
    """Of a POST with a body so long."""
    told = (
        "POST /orders HTTP/1.1",
        "Host: door",
        f"Content-Length: {length}",
        "Content-Type: application/json",
        *lines,
    )
    return "\r\n".join((*told, "", "")).encode()


def said(link: socket.socket) -> bytes:
    """All that comes until the connection is closed."""
    return b"".join(iter(lambda: link.recv(65536), b""))


@pytest.mark.parametrize(
    ("length", "token", "status"),
    [(3 * MOST_BYTES, TOKENS["uk"], b"413"), (MOST_BYTES, "nobody's", b"401")],
)
def test_a_refusal_is_heard_by_who_sends_on(web: Web, length: int, token: str, status: bytes) -> None:
    """Closing on what was not read would reset the connection, and take the answer with it."""
    with socket.create_connection((LOOPBACK, web.port), timeout=60) as link:
        link.sendall(head(length, f"Authorization: Bearer {token}", "Connection: close"))
        piece = b" " * (length // 8)
        for _ in range(8):
            time.sleep(0.01)  # as a network has it: the refusal is out long before the last of the body
            link.sendall(piece)
        time.sleep(0.01)
        assert said(link).startswith(b"HTTP/1.1 " + status)


def test_who_waits_to_be_asked_for_the_body_is_not_asked_for_one_that_is_refused(web: Web) -> None:
    answer = web.raw(head(MOST_BYTES, "Expect: 100-continue", "Connection: close"))
    assert answer.startswith(b"HTTP/1.1 401")


def test_nor_is_a_body_waited_for_that_never_comes(web: Web) -> None:
    assert web.raw(head(MOST_BYTES, "Connection: close") + b"{").startswith(b"HTTP/1.1 401")
