"""`redeem serve` before it serves: what it says where it cannot. What it does then is in tests/web."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.conftest import Run

OPENAPI = Path(__file__).parents[2] / "docs" / "openapi.json"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        yield port


def test_a_port_that_is_taken_is_said_in_a_line(configured: Callable[..., None], redeem: Run, taken: int) -> None:
    del configured
    ran = redeem("serve", "--port", str(taken))
    assert (ran.status, ran.err) == (1, f"Error: cannot listen on 127.0.0.1, port {taken}: Address already in use\n")


def test_so_is_one_that_the_platform_wants(
    configured: Callable[..., None], redeem: Run, taken: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    del configured
    monkeypatch.setenv("PORT", str(taken))
    ran = redeem("serve")
    assert (ran.status, ran.err) == (1, f"Error: cannot listen on any address, port {taken}: Address already in use\n")


@pytest.mark.parametrize("host", ["256.0.0.1", "no-such-host.invalid", "192.0.2.1"])
def test_an_address_that_is_not_this_machines_is_said(configured: Callable[..., None], redeem: Run, host: str) -> None:
    del configured
    ran = redeem("serve", "--host", host, "--port", "0")
    assert (ran.status, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith(f"Error: cannot listen on {host}, port 0: ")


@pytest.mark.parametrize("port", ["http", "0", "65536", "80 80", "\u0664\u0665", "-1"])
def test_a_port_of_the_platforms_that_is_none_is_wrong_use(
    configured: Callable[..., None], redeem: Run, port: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    del configured
    monkeypatch.setenv("PORT", port)
    ran = redeem("serve")
    assert (ran.status, "PORT must be a port, 1 to 65535" in ran.err) == (2, True)


def test_wrong_settings_are_said_as_everywhere(redeem: Run) -> None:
    ran = redeem("serve")
    assert (ran.status, "REDEEM_BROKER_URL" in ran.err) == (2, True)


def test_without_the_extra_it_says_how_to_install_it(redeem: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.startswith("worker.web")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    ran = redeem("serve")
    assert (ran.status, ran.err.count("\n")) == (2, 1)
    assert "uv sync --locked --extra http" in ran.err


def test_the_document_needs_no_setting(redeem: Run) -> None:
    assert json.loads(redeem("serve", "--openapi").out) == json.loads(OPENAPI.read_text(encoding="utf-8"))
