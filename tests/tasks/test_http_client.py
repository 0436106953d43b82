"""The one place that speaks HTTP: what goes out, over which connection, and what comes back."""

from __future__ import annotations

import contextlib
import gzip
import json
import threading
import time

import psutil
import pytest

from tasks.errors import Unanswered
from tasks.http_client import PartnerClient
from tasks.partners.base import Answer, Request
from tests.tasks.http_calls import TOO_LONG, Make, client_of, failure, get, post, send
from tests.tasks.raw_servers import answer, serving
from worker.dev.sandbox import Sandbox


def test_a_get_goes_out_byte_for_byte(sandbox: Sandbox, client: PartnerClient) -> None:
    target = "/redeem/K3y%2F%2B%20%25/A%2FB%2B%25%20%C3%BC~-._%2e/17?orderId=a%20b&p1=&p2=%26"
    assert send(client, Request("GET", target, {"Accept": "application/json"})).status == 200
    [call] = sandbox.calls()
    assert (call.method, call.path.replace("%2E", "%2e"), call.body) == ("GET", target, b"")
    assert {name.lower() for name in call.headers} == {
        "host", "user-agent", "accept", "accept-encoding", "connection",
    } - ({"connection"} if call.header("connection") is None else set())  # fmt: skip
    assert call.header("accept") == "application/json"
    assert call.header("accept-encoding") == "identity"
    assert call.header("user-agent") == "redeem/1"
    assert call.header("content-type") is None


def test_a_post_goes_out_byte_for_byte(sandbox: Sandbox, client: PartnerClient) -> None:
    answered = send(client, post("ü/+%"))
    assert (answered.status, json.loads(answered.body)) == (200, {"message": "Coupon redemption received."})
    [call] = sandbox.calls()
    assert (call.method, call.path, call.body) == ("POST", "/redeem/4711", post("ü/+%").body)
    assert call.header("content-type") == "application/json"
    assert call.header("content-length") == str(len(call.body))
    assert call.header("transfer-encoding") is None


def test_a_connection_is_kept(sandbox: Sandbox, client: PartnerClient) -> None:
    for number in range(5):
        send(client, get(f"A{number}"))
        send(client, post(f"B{number}"))
    assert len({call.client_port for call in sandbox.calls()}) == 1


def test_a_connection_is_kept_over_interim_answers(sandbox: Sandbox, client: PartnerClient) -> None:
    for number in range(3):
        message = json.loads(send(client, post(f"A{number}-HINTS")).body)
        assert message == {"message": "Coupon redemption received."}
        assert json.loads(send(client, get(f"B{number}-HINTS")).body)["data"]["code"] == f"B{number}-HINTS"
    assert len({call.client_port for call in sandbox.calls()}) == 1


def test_a_connection_is_kept_over_answers_that_say_no(sandbox: Sandbox, client: PartnerClient) -> None:
    for code in ("A-503x1", "A-404x1", "A-429x1", "A-302x1", "A-EMPTY", "A"):
        send(client, post(code))
    assert len({call.client_port for call in sandbox.calls()}) == 1


@pytest.mark.parametrize("fault", ["TRUNCATED", "HUGE@1", "CLOSE", "RESET", "NOISE"])
def test_a_broken_answer_does_not_spoil_the_next(sandbox: Sandbox, client: PartnerClient, fault: str) -> None:
    send(client, post("A"))
    with pytest.raises(Unanswered):
        send(client, post(f"B-{fault}"))
    assert json.loads(send(client, post("C")).body) == {"message": "Coupon redemption received."}
    ports = [call.client_port for call in sandbox.calls()]
    assert ports[0] == ports[1] != ports[2]


def wait_until_closed_by_the_partner(port: int) -> None:
    """Until the end of our connection from that port has heard that the other end is closed."""
    deadline = time.monotonic() + TOO_LONG
    while (port, psutil.CONN_CLOSE_WAIT) not in {
        (one.laddr.port, one.status) for one in psutil.Process().net_connections("tcp")
    }:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_connection_that_the_partner_closed_is_not_used_again(sandbox: Sandbox, client: PartnerClient) -> None:
    for number in range(3):
        assert send(client, post(f"A{number}-HANGUP")).status == 200
        wait_until_closed_by_the_partner(sandbox.calls()[-1].client_port)
    assert len({call.client_port for call in sandbox.calls()}) == 3


def test_threads_share_the_pool(sandbox: Sandbox, client: PartnerClient) -> None:
    threads = [threading.Thread(target=send, args=(client, post(f"A{number}"))) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sandbox.redemptions()) == 16


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("make", [get, post])
def test_no_redirect_is_followed(sandbox: Sandbox, client: PartnerClient, status: int, make: Make) -> None:
    assert send(client, make(f"A-{status}x*")).status == status
    assert len(sandbox.calls()) == 1


@pytest.mark.parametrize("fault", ["503x*", "429x*", "RESETx*", "CLOSEx*", "NOISEx*", "TRUNCATEDx*"])
@pytest.mark.parametrize("make", [get, post])
def test_nothing_is_repeated_behind_our_back(sandbox: Sandbox, client: PartnerClient, fault: str, make: Make) -> None:
    with contextlib.suppress(Unanswered):
        send(client, make(f"A-{fault}"))
    assert len(sandbox.calls()) == 1


def test_a_dead_kept_connection_is_not_retried_either(sandbox: Sandbox, client: PartnerClient) -> None:
    send(client, post("A"))
    sandbox.fail("RESET", times=1)
    with pytest.raises(Unanswered):
        send(client, post("B"))
    assert [call.code for call in sandbox.calls()] == ["A", "B"]


@pytest.mark.parametrize(("header", "seconds"), [("Retry-After: 7", 7.0), ("Retry-After: soon", None), ("X: 1", None)])
def test_the_partners_wish_comes_with_the_answer(header: str, seconds: float | None) -> None:
    slow_down = f"HTTP/1.1 429 Slow\r\n{header}\r\nContent-Length: 0\r\n\r\n".encode()
    with serving(answer(slow_down)) as server, client_of(server.url) as client:
        assert send(client, get()) == Answer(429, b"", seconds)


def compressed(encoding: str) -> bytes:
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: 7\r\n\r\n"
    return head.encode() + b"garbage"


@pytest.mark.parametrize("encoding", ["identity", "x-unheard-of"])
def test_a_body_comes_as_it_is(encoding: str) -> None:
    with serving(answer(compressed(encoding))) as server, client_of(server.url) as client:
        assert send(client, get()).body == b"garbage"


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_garbage_under_an_encoding_that_nobody_asked_for_is_no_answer(encoding: str) -> None:
    with serving(answer(compressed(encoding))) as server:
        error = failure(server.url, get())
    assert (type(error), error.message) == (Unanswered, "no answer: the answer is garbled")


def test_a_bomb_is_no_answer_either() -> None:
    packed = gzip.compress(b"\0" * (64 << 20))
    head = f"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: {len(packed)}\r\n\r\n"
    with serving(answer(head.encode() + packed)) as server:
        error = failure(server.url, get())
    assert (type(error), error.message) == (Unanswered, "no answer: the answer is too long")
