"""Flower where it is open to anyone, to lookers only, or has no broker."""

from __future__ import annotations

import socket

import pytest
import requests
from redis import Redis

from tasks import audit
from tasks.errors import Rejected
from tasks.ledger import State
from tests.acceptance.kit import eventually
from tests.tasks.ledger.kit import Book
from tests.worker.flower_pages.browser import LOGIN
from tests.worker.flower_pages.conftest import running
from tests.worker.flower_pages.visitor import Visitor, letters, words
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import LOOPBACK


def test_it_does_not_listen_to_the_world_without_a_login(
    valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    process = running(valkey.url, tmp_path_factory.mktemp("open"))
    process._command = (*process._command, "--address=0.0.0.0")  # noqa: SLF001 - the last option counts
    process.launch()
    try:
        assert eventually(lambda: process.exit_code() is not None and process.said())
        assert process.exit_code() == 1
        assert "without a login" in process.said()
        assert "Traceback" not in process.said()
    finally:
        process.kill()


def test_a_port_that_is_taken_is_said(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> None:
    process = running(valkey.url, tmp_path_factory.mktemp("taken"))
    with socket.create_server((LOOPBACK, 0)) as taken:
        port = taken.getsockname()[1]
        process._command = (*process._command, f"--port={port}")  # noqa: SLF001 - the last option counts
        process.launch()
        try:
            assert eventually(lambda: process.exit_code() is not None and process.said())
            assert process.exit_code() == 1
            assert f"redeem: Flower cannot listen on port {port}: Address already in use" in process.said()
            assert "Traceback" not in process.said()
        finally:
            process.kill()


def test_without_a_login_it_is_there_for_this_machine_until_the_broker_goes(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    directory = tmp_path_factory.mktemp("local")
    with EmbeddedValkey(directory / "broker") as broker, Redis.from_url(broker.url, decode_responses=True) as redis:
        book = Book(redis)
        letter = book.open_one()
        book.no(book.claimed(letter), Rejected("offer expired", code="202", status=200))
        with running(broker.url, directory) as flower:
            anyone = Visitor(flower.url)
            assert letters(anyone.text("/dead-letters")) == [letter]
            # A name that leads here all the same, as a page of somebody else's can arrange it.
            rebound = {"Host": f"evil.example:{flower.url.rpartition(':')[2]}"}
            for path in ("/dead-letters", "/tasks", "/workers", "/metrics", "/our-files/pages.js"):
                answer = requests.get(flower.url + path, headers=rebound, timeout=20)
                assert (answer.status_code, "localhost only" in answer.text) == (403, True), path
            assert anyone.post("/dead-letters/act", {"action": "discard", "id": letter}, token="").status_code == 403
            anyone.post("/dead-letters/act", {"action": "discard", "id": letter})
            assert eventually(lambda: [one["who"] for one in audit.entries(book.ledger)]) == ["127.0.0.1"]

            broker.stop()
            eventually(lambda: not anyone.get("/overview").ok)  # what was looked at is shown for a moment
            for path in ("/overview", "/dead-letters", "/broker", "/dead-letters/letter?id=x"):
                away = anyone.get(path)
                assert away.status_code == 503
                assert "The broker does not answer" in words(away.text)
                assert "Traceback" not in away.text
            assert requests.get(f"{flower.url}/healthcheck", timeout=5).text == "OK"


def test_read_only_shows_everything_and_does_nothing(
    valkey: EmbeddedValkey, book: Book, tmp_path_factory: pytest.TempPathFactory
) -> None:
    letter = book.open_one()
    book.no(book.claimed(letter))
    settings = {"FLOWER__BASIC_AUTH": ":".join(LOGIN), "FLOWER__READ_ONLY": "true"}
    with running(valkey.url, tmp_path_factory.mktemp("lookers"), **settings) as flower:
        ann = Visitor(flower.url, LOGIN)
        for path in ("/overview", "/tasks", "/workers", "/nowhere"):  # also Flower's: its buttons stop workers
            headers = ann.get(path).headers
            assert headers["X-Frame-Options"] == "DENY", path
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], path
        for path in ("/overview", "/dead-letters", f"/dead-letters/letter?id={letter}"):
            page = ann.text(path)
            assert 'method="post"' not in page
            for button in ("Replay…", "Discard…", "Pause…", "Resume…"):
                assert button not in page
        account = {"action": "pause", "partner": "sovendus", "shop": "uk"}
        for path, fields in (
            ("/dead-letters/confirm", {"action": "discard", "id": letter}),
            ("/dead-letters/act", {"action": "discard", "id": letter}),
            ("/dead-letters/batch/stop", {"number": "1"}),
            ("/overview/account", account),
        ):
            assert ann.post(path, fields).status_code == 403, path
        assert ann.get("/overview/account", **account).status_code == 403
        assert ann.post("/api/worker/shutdown/worker@test", {}).status_code == 403
    assert book.state(letter) is State.DEAD


def test_its_api_says_that_nothing_is_revoked(ann: Visitor) -> None:
    for fields in ({}, {"terminate": "true", "signal": "SIGKILL"}):
        answer = ann.post("/api/task/revoke/5f0c7127-3be9-4488-b801-c7b6415b45e9", fields)
        assert (answer.status_code, "`redeem pause`" in answer.text) == (403, True)
    assert requests.post(f"{ann.url}/api/task/revoke/x", timeout=20).status_code == 401
