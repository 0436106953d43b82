"""What the books tell: every call byte for byte, every redemption to the cent, under load and after a stop."""

from __future__ import annotations

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from http.client import HTTPConnection
from typing import TYPE_CHECKING

import pytest

from tests.dev.partner_calls import control, exchange, sovendus, uniqodo, uniqodo_path
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


def send(sandbox: Sandbox, request: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(request)
        return b"".join(iter(lambda: connection.recv(65_536), b""))


@pytest.mark.parametrize(
    ("path", "code"),
    [
        ("/redeem/k1/AB%2F12%20%2b%25%C3%bc/17?orderId=1&orderValue=0.00&discount=&currency=GBP", "AB/12 +%ü"),
        ("//redeem/../k1/A//17?x=%", None),
        ("/redeem/k1/A\xfcB/17?%zz", "A\xfcB"),
        ("/redeem/k1/two words/17", "two words"),
    ],
)
def test_path_is_kept_byte_for_byte(sandbox: Sandbox, path: str, code: str | None) -> None:
    send(
        sandbox,
        f"GET {path} HTTP/1.1\r\nX-Odd-Case: a\r\nx-twice: 1\r\nx-twice: 2\r\nConnection: close\r\n\r\n".encode(
            "latin-1"
        ),
    )
    [call] = sandbox.calls()
    assert (call.path, call.code) == (path, code)
    assert call.headers == {"X-Odd-Case": "a", "x-twice": "1, 2", "Connection": "close"}
    assert call.header("x-odd-case") == "a"
    assert call.header("absent") is None


def test_a_call_read_back_over_http(sandbox: Sandbox) -> None:
    before = (time.monotonic(), time.time())
    uniqodo(sandbox, "AB12", orderValue="0.00", discount="", valKey="f458")
    sovendus(sandbox, "A\u00fc", order_value="1.10", order_currency="EUR")
    first, second = control(sandbox, "GET", "calls").lines
    assert before[0] <= first.pop("arrived") <= first.pop("answered") <= time.monotonic()
    assert before[1] <= first.pop("arrived_at") <= time.time()
    assert first.pop("headers")["Host"] == f"127.0.0.1:{sandbox.port}"
    assert first.pop("client_port") > 0
    assert first == {
        "number": 1,
        "method": "GET",
        "path": uniqodo_path("AB12", orderValue="0.00", valKey="f458"),
        "body": "",
        "partner": "uniqodo",
        "account": "k1",
        "code": "AB12",
        "order_id": "145789",
        "order_value": "0.00",
        "currency": "GBP",
        "fault": None,
        "committed": True,
        "status": 200,
    }
    assert json.loads(second["body"])["coupon_code"] == second["code"] == "Aü"
    assert (second["order_value"], second["currency"], second["account"]) == ("1.10", "EUR", "4711")
    assert sandbox.calls(partner="uniqodo")[0].query["valKey"] == "f458"


def test_redemptions_read_back_over_http(sandbox: Sandbox) -> None:
    for value in ("1.10", "1.10"):
        sovendus(sandbox, "A", order_value=value, order_currency="EUR")
    [entry] = control(sandbox, "GET", "redemptions").lines
    assert entry == {
        "partner": "sovendus",
        "account": "4711",
        "order_id": "145789",
        "code": "A",
        "order_value": "1.10",
        "currency": "EUR",
        "commits": 2,
        "order_values": ["1.10", "1.10"],
    }


def test_filters(sandbox: Sandbox) -> None:
    sovendus(sandbox, "A", "1")
    sovendus(sandbox, "B", "2", order_id="7")
    uniqodo(sandbox, "A", "k2")
    assert [call.number for call in sandbox.calls(code="a")] == [1, 3]
    assert [call.number for call in sandbox.calls(partner="sovendus", account="2", order_id="7")] == [2]
    assert [entry["code"] for entry in control(sandbox, "GET", "redemptions?account=2").lines] == ["B"]
    assert [entry["number"] for entry in control(sandbox, "GET", "calls?partner=uniqodo").lines] == [3]
    assert control(sandbox, "GET", "calls?colour=red").status == 422


def test_body_that_is_no_text_is_kept(sandbox: Sandbox) -> None:
    send(sandbox, b"POST /redeem/1 HTTP/1.0\r\nContent-Length: 2\r\n\r\n\xff\x00")
    assert sandbox.calls()[0].body == b"\xff\x00"
    assert control(sandbox, "GET", "calls").lines[0]["body"] == "\\xff\x00"


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"NONSENSE\r\n\r\n",
        b"GET / SPDY/3\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"POST /redeem/1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
        b"POST /redeem/1 HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_request_is_400(sandbox: Sandbox, request_bytes: bytes) -> None:
    assert send(sandbox, request_bytes).startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert sandbox.calls() == []


def test_a_client_that_leaves_in_the_middle_of_its_body_is_not_in_the_books(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(b"POST /redeem/1 HTTP/1.1\r\nContent-Length: 9\r\n\r\n{")
        connection.shutdown(socket.SHUT_WR)
        assert connection.recv(1) == b""
    assert sandbox.calls() == []


def test_expect_continue(sandbox: Sandbox) -> None:
    with socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as connection:
        connection.sendall(b"POST /redeem/1 HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n")
        assert connection.recv(65_536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"{}")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 422 ")


def test_connections_are_kept_alive(sandbox: Sandbox) -> None:
    connection = HTTPConnection("127.0.0.1", sandbox.port, timeout=5)
    try:
        for number in range(3):
            exchange(connection, "GET", uniqodo_path(f"A{number}-503x1"))
    finally:
        connection.close()
    assert len({call.client_port for call in sandbox.calls()}) == 1


def test_books_are_right_to_the_cent_under_load(sandbox: Sandbox) -> None:
    sandbox.mix({"503": 0.2, "+RESET": 0.1, "+GARBAGE": 0.1}, seed=1)

    def redeem(number: int) -> None:
        for _ in range(40):
            try:
                reply = uniqodo(sandbox, f"C{number}", orderId=str(number), orderValue=f"{number}.{number:02}")
                if reply.status == 200 and reply.error in {None, 201}:
                    return
            except (ConnectionResetError, ValueError):
                continue
        raise AssertionError("40 attempts")

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(redeem, range(100)))
    booked = sandbox.redemptions()
    assert sum(Decimal(entry.order_value or "0") for entry in booked) == Decimal("4999.50")
    assert {entry.order_id for entry in booked} == {str(number) for number in range(100)}
    assert sandbox.doubled() == []
    assert [call.number for call in sandbox.calls()] == list(range(1, len(sandbox.calls()) + 1))
    assert sum(call.committed for call in sandbox.calls()) == 100


def test_one_of_many_at_once_redeems_a_code(sandbox: Sandbox) -> None:
    with ThreadPoolExecutor(12) as pool:
        errors = [reply.error for reply in pool.map(lambda _: uniqodo(sandbox, "ONCE"), range(12))]
    assert sorted(errors, key=str) == [201] * 11 + [None]


def test_waiting_for_calls_and_redemptions(sandbox: Sandbox) -> None:
    later = threading.Timer(0.05, sovendus, (sandbox, "A"))
    later.start()
    assert [call.code for call in sandbox.wait_for_calls(1, partner="sovendus")] == ["A"]
    assert [entry.code for entry in sandbox.wait_for_redemptions(1)] == ["A"]
    later.join()
    with pytest.raises(TimeoutError, match="1 of 2 calls within"):
        sandbox.wait_for_calls(2, within=0.05)


def test_stopped_refuses_and_started_again_remembers(sandbox: Sandbox) -> None:
    uniqodo(sandbox, "A")
    url = sandbox.url
    sandbox.stop()
    sandbox.stop()
    with pytest.raises(ConnectionRefusedError):
        uniqodo(sandbox, "A")
    sandbox.start()
    assert sandbox.start().url == url == sandbox.sovendus_url == sandbox.uniqodo_url
    assert uniqodo(sandbox, "A").error == 201


def test_stop_ends_what_hangs_and_what_idles_at_once() -> None:
    sandbox = Sandbox().start()
    with (
        socket.create_connection(("127.0.0.1", sandbox.port), timeout=5) as idle,
        ThreadPoolExecutor(2) as pool,
    ):
        hanging = pool.submit(uniqodo, sandbox, "A-HANG")
        slow = pool.submit(uniqodo, sandbox, "B-SLOW@60")
        sandbox.wait_for_calls(2)
        started = time.monotonic()
        sandbox.stop()
        assert isinstance(hanging.exception(timeout=5), ConnectionError)
        assert isinstance(slow.exception(timeout=5), ConnectionError)
        assert idle.recv(1) == b""
        assert time.monotonic() - started < 2
    assert sandbox.redemptions() == []


def test_port_in_use_is_an_error(sandbox: Sandbox) -> None:
    with pytest.raises(OSError, match="in use"):
        Sandbox(port=sandbox.port).start()


def test_nothing_is_logged(sandbox: Sandbox, capfd: pytest.CaptureFixture[str]) -> None:
    uniqodo(sandbox, "A")
    with pytest.raises(ConnectionResetError):
        uniqodo(sandbox, "A-RESET")
    send(sandbox, b"NONSENSE\r\n\r\n")
    sandbox.stop()
    assert capfd.readouterr() == ("", "")
