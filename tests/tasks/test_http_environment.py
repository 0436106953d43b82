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
