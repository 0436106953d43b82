"""Proxies and certificates of the environment: honoured, and looked up once."""

from __future__ import annotations

import base64
import contextlib
import socket
from typing import Final

import pytest

from tasks.errors import NotSent
from tasks.partners.base import Answer
from tests.tasks.http_calls import CODE, KEY, SHORT, Make, client_of, failure, get, post, send
from tests.tasks.raw_servers import (
    CERTIFICATE,
    PARTNER_CERTIFICATE,
    Handler,
    RawServer,
    answer,
    dribble,
    receive,
    serving,
    tls,
    tunnelled,
)
from worker.dev.ports import free_port

OK: Final = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"
USER: Final = "jane"
PASSWORD: Final = "pr0xy-passw0rd"


def test_a_certificate_from_the_environment_is_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    with serving(tls) as server, client_of(f"https://localhost:{server.port}") as client:
        monkeypatch.delenv("REQUESTS_CA_BUNDLE")  # looked up once, when the client was made
        assert send(client, get()) == Answer(200, b"OK")
    [received] = server.received
    assert received.startswith(f"GET /redeem/{KEY}/".encode())


def test_the_environments_proxy_is_used_and_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")) as proxy:
        monkeypatch.setenv("http_proxy", proxy.url)
        with client_of("http://partner.invalid") as client:
            monkeypatch.delenv("http_proxy")
            assert send(client, get()) == Answer(200, b"OK")
    [received] = proxy.received
    assert received.startswith(f"GET http://partner.invalid/redeem/{KEY}/".encode())


@pytest.mark.parametrize(
    "agreed",
    [
        b"HTTP/1.1 200 Connection established\r\n\r\n",
        b"HTTP/1.0 200 OK\r\nX-Proxy: 1\r\n\r\n",
        b"HTTP/1.1 204 Fine\r\nContent-Length: 7\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
    ],
)
def test_a_tunnel_leads_to_the_partner_itself(monkeypatch: pytest.MonkeyPatch, agreed: bytes) -> None:
    with serving(tunnelled(answer(OK), agreed)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("://", f"://{USER}:{PASSWORD}@"))
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(PARTNER_CERTIFICATE))
        with client_of("https://partner.invalid:4433") as client:
            assert send(client, get()) == Answer(200, b"OK")
    connect, request = proxy.received
    assert connect.startswith(b"CONNECT partner.invalid:4433 HTTP/1.1\r\n")
    assert b"\r\nHost: partner.invalid:4433\r\n" in connect
    credentials = base64.b64encode(f"{USER}:{PASSWORD}".encode())
    assert b"\r\nProxy-Authorization: Basic " + credentials + b"\r\n" in connect
    assert KEY.encode() not in connect
    assert request.startswith(f"GET /redeem/{KEY}/".encode())
    assert b"\r\nHost: partner.invalid:4433\r\n" in request
    assert credentials not in request


@pytest.mark.parametrize("name", ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])
@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "shop.localhost", "127.8.0.1"])
def test_no_proxy_leads_to_this_machine(monkeypatch: pytest.MonkeyPatch, name: str, host: str) -> None:
    with serving(answer(OK)) as server, serving(answer(b"HTTP/1.1 418 Proxy\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv(name, proxy.url)
        with (
            client_of(f"http://{host}:{server.port}") as client,
            contextlib.suppress(NotSent),
        ):  # not every name resolves
            assert send(client, get()) == Answer(200, b"OK")
        with client_of(f"https://{host}:{server.port}") as client, pytest.raises(NotSent):
            send(client, get())
    assert proxy.received == []


def test_nor_to_its_other_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(OK)) as proxy:
        monkeypatch.setenv("all_proxy", proxy.url)
        for host in ("[::1]", "[::ffff:127.0.0.1]"):
            with client_of(f"http://{host}:{free_port()}") as client, pytest.raises(NotSent):
                send(client, get())
    assert proxy.received == []


def test_what_no_proxy_names_is_reached_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(OK)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("no_proxy", "other.example, .invalid")
        error = failure("https://partner.invalid", get())
    assert error.message == "not sent: the host name could not be resolved"
    assert proxy.received == []


@pytest.mark.parametrize(
    ("base_url", "path", "host"),
    [
        ("http://127.0.0.1:{}", "/redeem/", "127.0.0.1:{}"),
        ("http://127.0.0.1:{}/api/v1", "/api/v1/redeem/", "127.0.0.1:{}"),
        ("HTTP://LocalHost:{}", "/redeem/", "localhost:{}"),
    ],
)
def test_the_base_url_says_path_and_host(base_url: str, path: str, host: str) -> None:
    with serving(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK")) as server:
        with client_of(base_url.format(server.port)) as client:
            send(client, get())
        [received] = server.received
    assert received.startswith(f"GET {path}".encode())
    assert f"\r\nHost: {host.format(server.port)}\r\n".encode() in received


@pytest.mark.parametrize(
    ("status", "told"),
    [
        (407, "refused the connection: HTTP 407, it wants a user and a password in HTTPS_PROXY"),
        (403, "refused the connection: HTTP 403, it does not allow the partner's host"),
        (502, "refused the connection: HTTP 502, it could not reach the partner"),
        (503, "refused the connection: HTTP 503, it could not reach the partner"),
        (504, "refused the connection: HTTP 504, it could not reach the partner"),
        (400, "refused the connection: HTTP 400"),
        (302, "refused the connection: HTTP 302"),
        (101, "gave no readable answer"),
    ],
)
@pytest.mark.parametrize("make", [get, post])
def test_a_refused_tunnel_is_the_proxys_word_and_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, make: Make, status: int, told: str
) -> None:
    body = f"{PASSWORD} {KEY}"
    refusal = f"HTTP/1.1 {status} {PASSWORD}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()
    with serving(answer(refusal)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url.replace("://", f"://{USER}:{PASSWORD}@"))
        error = failure("https://partner.invalid", make(CODE))
    assert (type(error), error.message) == (NotSent, f"not sent: the proxy {told}")
    assert KEY.encode() not in b"".join(proxy.received)


@pytest.mark.parametrize(
    "said",
    [b"", b"220 mail.example ESMTP\r\n", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"],
)
def test_what_is_no_tunnel_sent_nothing(monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    with serving(answer(said)) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        error = failure("https://partner.invalid", get())
    assert (type(error), error.message) == (NotSent, "not sent: the proxy gave no readable answer")
    assert KEY.encode() not in b"".join(proxy.received)


def test_a_tunnel_to_an_address_of_ipv6_is_asked_for_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"HTTP/1.1 403 x\r\n\r\n")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        failure("https://[2001:db8::1]", get())
    [connect] = proxy.received
    assert connect.startswith(b"CONNECT [2001:db8::1]:443 HTTP/1.1\r\nHost: [2001:db8::1]:443\r\n")


def hang(connection: socket.socket, server: RawServer) -> None:
    receive(connection, server)
    server.stopped.wait()


@pytest.mark.parametrize("handle", [hang, dribble(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n")], ids=["hangs", "dribbles"])
def test_a_proxy_that_does_not_come_to_the_point_is_bounded_and_sent_nothing(
    monkeypatch: pytest.MonkeyPatch, handle: Handler
) -> None:
    with serving(handle) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        error = failure("https://partner.invalid", get(), call_timeout=SHORT)
    assert (type(error), error.message) == (NotSent, "not sent: the proxy did not answer in time")


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_sent_nothing(monkeypatch: pytest.MonkeyPatch, scheme: str) -> None:
    monkeypatch.setenv(f"{scheme}_proxy", f"http://{USER}:{PASSWORD}@127.0.0.1:{free_port()}")
    error = failure(f"{scheme}://partner.invalid", get())
    assert (type(error), error.message) == (NotSent, "not sent: the proxy cannot be reached: connection refused")


@pytest.mark.parametrize(
    "address", ["socks5://user:secret@127.0.0.1:1080", "http://", "ftp://127.0.0.1", "http://:0x/"]
)
def test_a_proxy_that_cannot_be_one_sent_nothing(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("https_proxy", address)
    error = failure("https://partner.invalid", get())
    assert (type(error), error.message) == (NotSent, "not sent: the proxy's address cannot be used")
