"""How calls fail: ambiguous or not, bounded in time, and without a secret in any text."""

from __future__ import annotations

import socket
import time

import pytest

from tasks.errors import NotSent, Unanswered
from tasks.http_client import PartnerClient
from tests.tasks.http_calls import CODE, KEY, SHORT, Make, client_of, failure, get, post, send
from tests.tasks.raw_servers import Handler, RawServer, answer, dribble, receive, serving, tls
from worker.dev.ports import free_port
from worker.dev.sandbox import Sandbox


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("RESET", "connection reset"),
        ("CLOSE", "connection closed without an answer"),
        ("TRUNCATED", "the answer broke off"),
        ("HUGE@1", "the answer is too long"),
        ("NOISE", "connection closed without an answer"),
    ],
)
@pytest.mark.parametrize("make", [get, post])
def test_an_answer_lost_is_ambiguous(sandbox: Sandbox, fault: str, words: str, make: Make) -> None:
    error = failure(sandbox.url, make(f"{CODE}+{fault}"))
    assert type(error) is Unanswered
    assert error.message == f"no answer: {words}"
    assert [call.committed for call in sandbox.calls()] == [True]


@pytest.mark.parametrize("fault", ["+HANG", "-HANG", "-DRIP@0.05", "-SLOW@30"])
@pytest.mark.parametrize("make", [get, post])
def test_the_whole_call_has_a_deadline(sandbox: Sandbox, fault: str, make: Make) -> None:
    error = failure(sandbox.url, make(CODE + fault), call_timeout=SHORT)
    assert type(error) is Unanswered
    assert error.message in {"no answer: the call's deadline passed", "no answer: timed out"}
    assert len(sandbox.calls()) == 1


@pytest.mark.parametrize(
    "handle",
    [
        dribble(b"", b"X"),
        dribble(b"HTTP/1.1 200 OK\r\n", b"X-More: 1\r\n"),
        dribble(b"HTTP/1.1 200 OK\r\nX-More: ", b"1"),
        dribble(b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
        dribble(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"1"),
        dribble(b"HTTP/1.1 200 OK\r\n\r\n", b"1"),
        dribble(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"),
        dribble(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"0"),
    ],
    ids=["status", "headers", "one header", "continue", "body", "endless body", "chunks", "chunk size"],
)
def test_dribbling_at_any_place_ends_with_the_deadline(handle: Handler) -> None:
    with serving(handle) as server:
        assert type(failure(server.url, get(), call_timeout=SHORT)) is Unanswered
        assert len(server.received) == 1


def test_the_callers_deadline_counts_if_it_is_earlier(sandbox: Sandbox, client: PartnerClient) -> None:
    with pytest.raises(Unanswered, match=r"deadline passed|timed out"):
        client.send(post("A-HANG"), not_after=time.monotonic() + SHORT)
    assert len(sandbox.calls()) == 1


@pytest.mark.parametrize("kept", [False, True])
def test_too_late_to_send_sends_nothing(sandbox: Sandbox, client: PartnerClient, *, kept: bool) -> None:
    if kept:
        send(client, post("BEFORE"))
    for late in (0.0, 5.0):
        with pytest.raises(NotSent) as caught:
            client.send(get(), not_after=time.monotonic() - late)
        assert caught.value.message == "not sent: the call's deadline passed"
    send(client, post("AFTER"))
    assert [call.code for call in sandbox.calls()] == (["BEFORE"] if kept else []) + ["AFTER"]


def test_a_refused_connection_sent_nothing() -> None:
    error = failure(f"http://127.0.0.1:{free_port()}", get())
    assert (type(error), error.message) == (NotSent, "not sent: connection refused")


@pytest.mark.parametrize("make", [get, post])
def test_an_unknown_host_sent_nothing(make: Make) -> None:
    error = failure("http://nowhere.invalid", make(CODE))
    assert (type(error), error.message) == (NotSent, "not sent: the host name could not be resolved")


@pytest.mark.parametrize(
    "host", ["http://.example.com", "http://a..b.example", f"http://{'x' * 64}.example", "http://ü..x"]
)
def test_a_host_that_cannot_be_sent_nothing(host: str) -> None:
    error = failure(host, get())
    assert (type(error), error.message) == (NotSent, "not sent: the address cannot be used")


def test_a_port_that_accepts_nobody_sent_nothing() -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        port = full.getsockname()[1]
        waiting = []
        for _ in range(8):  # the queue of a listener that never accepts
            waiting.append(socket.socket())
            waiting[-1].settimeout(0)
            waiting[-1].connect_ex(("127.0.0.1", port))
        error = failure(f"http://127.0.0.1:{port}", get(), call_timeout=SHORT)
        for one in waiting:
            one.close()
    assert (type(error), error.message) == (NotSent, "not sent: timed out while connecting")


def test_an_untrusted_certificate_sent_nothing() -> None:
    with serving(tls) as server:
        error = failure(f"https://localhost:{server.port}", get())
        assert (type(error), error.message) == (NotSent, "not sent: TLS failed")
    assert server.received == []


def test_no_tls_at_the_other_end_sent_nothing() -> None:
    with serving(answer(b"HTTP/1.1 400 Bad Request\r\n\r\n")) as server:
        assert type(failure(f"https://localhost:{server.port}", get())) is NotSent
    assert KEY.encode() not in b"".join(server.received)


def test_a_connection_whose_answer_was_half_read_is_closed_at_once() -> None:
    def endless(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n" + b"x" * (256 * 1024 + 1))
        receive(connection, server)

    with serving(endless) as server, client_of(server.url) as client:
        for _ in range(2):
            with pytest.raises(Unanswered, match="too long"):
                send(client, get())
    requests = [data for data in server.received if data]
    assert (len(requests), len(server.received)) == (2, 4), "each connection brought one request and then its end"
