from __future__ import annotations

import asyncio
import socket

import pytest

from worker.dev.ports import free_port
from worker.dev.sandbox import Sandbox
from worker.dev.stack.readiness import answers


def test_a_web_server_answers_whatever_its_status() -> None:
    with Sandbox() as sandbox:
        assert asyncio.run(answers(sandbox.port))
        assert asyncio.run(answers(sandbox.port, "/no/such/page"))


def test_nobody_answers_on_a_free_port() -> None:
    assert not asyncio.run(answers(free_port()))


def test_an_open_port_alone_is_no_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("worker.dev.stack.readiness.PATIENCE", 0.1)
    with socket.create_server(("127.0.0.1", 0)) as mute:
        assert not asyncio.run(answers(mute.getsockname()[1]))
