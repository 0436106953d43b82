"""Proxies and certificates of the environment: honoured, and looked up once."""

from __future__ import annotations

import socket

import pytest

from tasks.errors import NotSent
from tasks.partners.base import Answer
from tests.tasks.http_calls import KEY, SHORT, client_of, failure, get, send
from tests.tasks.raw_servers import CERTIFICATE, RawServer, answer, receive, serving, tls
from worker.dev.ports import free_port


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


def test_a_tunnel_leads_to_the_partner_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def tunnel(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        tls(connection, server)

    with serving(tunnel) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
        with client_of("https://localhost:4433") as client:
            assert send(client, get()) == Answer(200, b"OK")
    connect, request = proxy.received
    assert connect.startswith(b"CONNECT localhost:4433 HTTP/1.")
    assert KEY.encode() not in connect
    assert request.startswith(f"GET /redeem/{KEY}/".encode())
    assert b"\r\nHost: localhost:4433\r\n" in request


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


def test_a_proxy_that_refuses_the_tunnel_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answer(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        assert type(failure("https://partner.invalid", get())) is NotSent
    assert KEY.encode() not in b"".join(proxy.received)


def test_a_proxy_that_hangs_is_bounded_and_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def hang(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        server.stopped.wait()

    with serving(hang) as proxy:
        monkeypatch.setenv("https_proxy", proxy.url)
        assert type(failure("https://partner.invalid", get(), call_timeout=SHORT)) is NotSent


def test_a_dead_proxy_sent_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free_port()}")
    assert type(failure("http://partner.invalid", get())) is NotSent
