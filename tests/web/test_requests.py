"""What HTTP brings besides orders: other methods and paths, malformed and slow requests, and who hangs up."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import pytest
from redis import Redis

from tests.acceptance.kit.polling import eventually
from tests.web.conftest import TOKENS, Web, event
from tests.web.test_orders import journaled
from worker.dev.ports import LOOPBACK
from worker.web import body as body_module
from worker.web import gate, lingering, protocol

BEARER = f"Authorization: Bearer {TOKENS['uk']}\r\n"


@pytest.mark.parametrize(
    ("method", "path", "status", "allow"),
    [
        ("GET", "/orders", 405, "OPTIONS, POST"),
        ("DELETE", "/redemptions/x", 405, "GET, HEAD, OPTIONS"),
        ("OPTIONS", "/orders", 204, "OPTIONS, POST"),
        ("TRACE", "/orders", 405, "OPTIONS, POST"),
        ("GET", "/", 404, None),
        ("GET", "/orders/", 404, None),
        ("GET", "/docs", 404, None),
        ("POST", "//evil.example/orders", 404, None),
        ("OPTIONS", "*", 404, None),
    ],
)
def test_other_methods_and_paths(web: Web, method: str, path: str, status: int, allow: str | None) -> None:
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: evil.example\r\nOrigin: https://evil.example\r\nConnection: close\r\n\r\n"
    )
    first, *fields = web.raw(head.encode()).partition(b"\r\n\r\n")[0].decode().lower().splitlines()
    found = dict(line.split(": ", 1) for line in fields)
    assert first.split()[1] == str(status)
    assert found.get("allow") == (allow.lower() if allow else None)
    assert found.get("content-type") == ("application/problem+json" if status >= 400 else None)
    assert not found.keys() & {"server", "location", "access-control-allow-origin"}
    assert (found["cache-control"], found["x-content-type-options"]) == ("no-store", "nosniff")


def test_head_is_get_without_the_body(web: Web) -> None:
    web.post("/orders", event())
    got, headed = (web.request(name, "/redemptions/sovendus:uk:145789:SKD1") for name in ("GET", "HEAD"))
    assert (headed.status_code, headed.content) == (200, b"")
    assert headed.headers["Content-Length"] == str(len(got.content))


GET = b"GET /orders HTTP/1.1\r\n"
POST = b"POST /orders HTTP/1.1\r\nHost: x\r\n"
MALFORMED = {
    "a header without a colon": (400, GET + b"Host: x\r\nx\r\n\r\n"),
    "no host": (400, GET + b"\r\n"),
    "no HTTP": (400, b"\x16\x03\x01\x02\x00\x01\r\n\r\n"),
    "a head of 40 kB": (431, GET + b"Host: x\r\nx: " + b"x" * 40_000 + b"\r\n\r\n"),
    "a URL of 40 kB": (414, b"GET /" + b"x" * 40_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n"),
    "two lengths": (400, POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}"),
    "a length and chunks": (400, POST + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"),
    "a negative length": (400, POST + b"Content-Length: -1\r\n\r\n"),
    "chunks of chunks": (400, POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n"),
}


@pytest.mark.parametrize(("status", "sent"), MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_http_is_refused_as_all_else_and_the_connection_ends(web: Web, status: int, sent: bytes) -> None:
    head, _, content = web.raw(sent).partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert (int(head.split()[1]), json.loads(content)["status"]) == (status, status)


def test_chunks_that_go_wrong_after_the_answer_end_the_connection_without_a_word(
    here: Web, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(lingering, "_SILENCE", 0.05)
    with socket.create_connection((LOOPBACK, here.port), timeout=60) as link:
        link.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
        answer = link.makefile("rb")
        head = b"".join(iter(answer.readline, b"\r\n"))
        assert head.startswith(b"HTTP/1.1 401 ")
        answer.read(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        link.sendall(b"no number\r\n")
        assert answer.read() == b""
    assert not [record for record in caplog.records if record.name == "asyncio" and record.exc_info]


def test_a_body_that_trickles_in_is_cut_off(here: Web, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body_module, "LONGEST", 0.1)
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Length: 1000\r\n\r\n" + '{"order'
    assert here.raw(head.encode()).startswith(b"HTTP/1.1 408 ")
    assert not journaled(redis)


@pytest.mark.parametrize("begun", [b"", b"POST /orders HT", b"POST /orders HTTP/1.1\r\nHost: x\r\nx: "])
def test_who_says_nothing_or_half_of_it_is_not_waited_for(
    here: Web, monkeypatch: pytest.MonkeyPatch, begun: bytes
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_HEAD", 0.1)
    assert here.raw(begun) == b""


def test_a_request_in_hand_is_not_cut_off_with_those_who_say_nothing(
    here: Web, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "LONGEST_HEAD", 0.05)
    content = json.dumps(event()).encode()
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Length: {len(content)}\r\nConnection: close\r\n\r\n"
    with socket.create_connection((LOOPBACK, here.port), timeout=60) as link:
        link.sendall(head.encode())
        for byte in content:  # longer than a head may take
            time.sleep(0.001)
            link.sendall(bytes([byte]))
        assert link.recv(65536).startswith(b"HTTP/1.1 202 ")


def test_too_many_connections_are_told_so(here: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "MOST_CONNECTIONS", 0)
    told = here.raw(b"")
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"retry-after: 2" in told.lower()


def test_too_many_requests_are_told_so_and_the_platform_is_answered(here: Web, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MOST_AT_ONCE", 0)
    answer = here.post("/orders", event())
    assert (answer.status_code, answer.json()["type"]) == (503, "urn:redeem:problem:busy")
    assert int(answer.headers["Retry-After"]) > 0
    assert here.get("/healthz", token=None).status_code == 200


SLOW = "POST {} HTTP/1.1\r\nHost: x\r\n{}Content-Type: application/json\r\nContent-Length: 1000\r\n\r\n"


@contextmanager
def slow_senders(web: Web, number: int, path: str, headers: str = "") -> Iterator[None]:
    """So many who send a head, and of the body what keeps the connection."""
    with ExitStack() as links:
        for _ in range(number):
            link = links.enter_context(socket.create_connection((LOOPBACK, web.port), timeout=60))
            link.sendall(SLOW.format(path, headers).encode() + b"{")
        yield


def test_strangers_who_send_slowly_keep_nobody_out_who_has_a_token(here: Web) -> None:
    slow = "/webhooks/uk/shopify"
    with slow_senders(here, 64, slow):
        eventually(lambda: here.post(slow, {}, token=None).status_code == 503, what="busy for strangers")
        assert here.post("/orders", event()).status_code == 202
    eventually(lambda: here.post(slow, {}, token=None).status_code == 401, what="strangers are heard again")


def test_who_is_refused_and_goes_on_sending_keeps_nobody_out(here: Web) -> None:
    with slow_senders(here, 140, "/orders", "Authorization: Bearer nobodys\r\n"):
        assert here.post("/orders", event()).status_code == 202


def test_who_hangs_up_leaves_all_of_it_journaled(web: Web, redis: Redis) -> None:
    content = json.dumps([event(str(number), "A", "B") for number in range(200)]).encode()
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Length: {len(content)}\r\n\r\n"
    with socket.create_connection((LOOPBACK, web.port), timeout=60) as link:
        link.sendall(head.encode() + content)
    eventually(lambda: redis.llen("sovendus") == 400)  # rung for once it is journaled, and no longer at work
    assert len(journaled(redis)) == 400


def test_who_hangs_up_before_the_end_leaves_nothing(web: Web, redis: Redis) -> None:
    content = json.dumps(event("1")).encode()
    head = f"POST /orders HTTP/1.1\r\nHost: x\r\n{BEARER}Content-Length: {len(content) + 1}\r\n\r\n"
    with socket.create_connection((LOOPBACK, web.port), timeout=60) as link:
        link.sendall(head.encode() + content)
    assert web.post("/orders", event("2")).status_code == 202
    assert journaled(redis) == {"sovendus:uk:2:SKD1"}


def test_requests_in_a_row_on_one_connection_are_answered_in_order(web: Web) -> None:
    asked = b"".join(
        f"GET /redemptions/{name} HTTP/1.1\r\nHost: x\r\n{BEARER}{end}\r\n".encode()
        for name, end in (("a", ""), ("b", "Connection: close\r\n"))
    )
    assert web.raw(asked).count(b"HTTP/1.1 404 ") == 2
