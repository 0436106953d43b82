"""The door as a process: where it listens, what it says at its start, and how it ends."""

from __future__ import annotations

import contextlib
import json
import signal
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import requests

from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.ports import lasting_port
from tests.web.conftest import SHOPS, TOKENS, Served, event
from worker.dev.broker import EmbeddedValkey


def test_a_stop_waits_for_what_is_in_hand(tmp_path: Path) -> None:
    """Its broker is away when it begins, then there, then held still while an order is in hand."""
    port = lasting_port()
    with (
        Served(f"redis://127.0.0.1:{port}", tmp_path) as web,
        EmbeddedValkey(tmp_path / "broker", port=port) as broker,
        ThreadPoolExecutor(1) as shop,
    ):
        assert web.post("/orders", event("1")).status_code == 202
        with broker_faults.held_still(broker):
            answer = shop.submit(web.post, "/orders", event("2"))
            eventually(lambda: "redeem_web_in_flight 2.0" in requests.get(web.url + "/metrics", timeout=60).text)
            web.process.send_signal(signal.SIGTERM)
            eventually(lambda: not listens(web.port))
            assert not answer.done()
        assert answer.result().status_code == 202
        assert web.process.wait(timeout=60) == 0
        assert "Traceback" not in web.log()


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_where_nobody_can_come_in_it_says_so_and_serves_until_ctrl_c(tmp_path: Path, broker_url: str) -> None:
    settings = {name: value for name, value in SHOPS.items() if "TOKEN" not in name and "SECRET" not in name}
    with Served(broker_url, tmp_path, settings) as web:
        assert "Nobody can come in: no shop has a token or a webhook secret" in web.log()
        assert web.post("/orders", event(), token="").status_code == 401
        assert web.url.startswith("http://127.0.0.1:")
        web.process.send_signal(signal.SIGINT)
        assert web.process.wait(timeout=60) == 0


def test_its_log_is_a_line_a_request_without_what_was_sent(web: Served) -> None:
    web.post("/orders?secret=4711-in-the-query", event("4711-order", email="jane@example.com"))
    web.get("/redemptions/4711-redemption")
    web.get("/4711-nowhere")
    web.request("BREW", "/4711-nowhere")
    said = [json.loads(line) for line in eventually(lambda: answered(web, "other"), what="the last line")]
    assert [(one["method"], one["route"], one["status"]) for one in said[-4:]] == [
        ("POST", "/orders", 202),
        ("GET", "/redemptions/{id}", 404),
        ("GET", "", 404),
        ("other", "", 404),
    ]
    assert (said[-4]["shop"], said[-4]["events"]) == ("uk", 1)
    for private in ("4711-", "jane", *TOKENS.values(), "127.0.0.1"):
        assert private not in web.log()


def answered(web: Served, last: str) -> list[str]:
    """The lines, once the last of them holds that: they are written after the answers."""
    found = [line for line in web.log().splitlines() if "web.answered" in line and "healthz" not in line]
    return found if last in found[-1] else []


FEW_FILES: Final = ("sh", "-c", 'ulimit -S -n 256; exec "$@"', "sh")
"""macOS' default. Not the tests' own limit: after some hundred tests they may have more open."""


def test_more_callers_than_files_are_allowed_at_first_are_answered(broker_url: str, tmp_path: Path) -> None:
    with contextlib.ExitStack() as calls:
        web = calls.enter_context(Served(broker_url, tmp_path, within=FEW_FILES))
        for _ in range(300):
            calls.enter_context(socket.create_connection(("127.0.0.1", web.port), timeout=60))
        assert web.get("/healthz", token=None).status_code == 200
