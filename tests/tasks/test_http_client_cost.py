"""What a call costs, counted, not timed: it stays far below what a requests session takes, on any machine."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
import requests

from tasks.partners.base import Request
from tests.call_counts import counted
from tests.tasks.http_calls import client_of, get, post, send
from tests.tasks.raw_servers import RawServer, receive, serving

BODY = b'{"message": "Coupon redemption received."}'
HEADERS = (b"Server: nginx", b"Date: Sun, 22 Nov 2026 13:00:00 GMT", b"Content-Type: application/json", b"Vary: Origin")


def yes(*more: bytes) -> bytes:
    return b"\r\n".join((b"HTTP/1.1 200 OK", *HEADERS, *more, b"Content-Length: %d" % len(BODY), b"", BODY))


@pytest.fixture(params=["plain", "unusual"])
def partner(request: pytest.FixtureRequest) -> Iterator[RawServer]:
    """Says yes to one request after the other; in a way that is read at a glance, or that is not."""
    answer = yes() if request.param == "plain" else yes(b"Content-Encoding: identity")

    def handle(connection: socket.socket, server: RawServer) -> None:
        while receive(connection, server):
            connection.sendall(answer)

    with serving(handle) as server:
        yield server


def calls_of_a_session(url: str) -> int:
    with requests.Session() as session:
        return counted(lambda: session.post(url + post().target, data=post().body, timeout=15).content)[0]


@pytest.mark.parametrize("partner", ["plain"], indirect=True)
@pytest.mark.parametrize("request_", [get(), post()], ids=["get", "post"])
def test_a_call_is_one_send_and_one_read(partner: RawServer, request_: Request) -> None:
    with client_of(partner.url) as client:
        # A machine that stalls within a call has the timeout set anew, so one of several calls is looked for.
        assert any(counted(lambda: send(client, request_))[1] == {"sendall": 1, "recv": 1} for _ in range(20))


@pytest.mark.parametrize("partner", ["plain"], indirect=True)
def test_a_call_runs_a_tenth_of_the_functions_that_a_session_runs(partner: RawServer) -> None:
    with client_of(partner.url) as client:
        ours, _ = counted(lambda: send(client, post()))
    theirs = calls_of_a_session(partner.url)  # fewer from Python 3.12 on, where comprehensions are no functions
    assert ours * 10 < theirs, (ours, theirs)


@pytest.mark.parametrize("partner", ["unusual"], indirect=True)
def test_what_is_read_with_care_still_runs_less_than_a_third(partner: RawServer) -> None:
    with client_of(partner.url) as client:
        ours, _ = counted(lambda: send(client, post()))
    theirs = calls_of_a_session(partner.url)
    assert ours * 3 < theirs, (ours, theirs)
