"""What really leaves for Sentry: a process of its own reports to a loopback server, and its envelopes are read."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.faked_clock import same_clock
from tests.tasks.raw_servers import answer, serving

PROGRAM = """
import logging, sys
import requests, sentry_sdk, structlog
from config.logs import configure_logging
from config.redaction import Redactor
from config.sentry import configure_sentry

port, traced = sys.argv[1], sys.argv[2] == "traced"
redactor = Redactor(["k3y/with+chars"])
configure_logging("INFO", "json", redactor)
configure_sentry(f"http://dsnkey@127.0.0.1:{port}/1", redactor)
if traced:
    sentry_sdk.get_client().options["traces_sample_rate"] = 1.0

def fail(customer):
    address = "j4ne@example.com"
    raise RuntimeError("failed with k3y%2Fwith%2Bchars for " + address)

with sentry_sdk.start_transaction(name="redeem k3y/with+chars"):
    requests.get(f"http://127.0.0.1:{port}/p4th/k3y%2Fwith%2Bchars/c0upon/42?uid=cust0mer")
    structlog.get_logger("redeem").info("delivery.attempted", id="uniqodo:uk:1:C", key="k3y/with+chars")
    try:
        fail("cust0mer")
    except RuntimeError:
        structlog.get_logger("redeem").exception("it.failed", id="uniqodo:uk:1:C", who="j4ne@example.com")
    try:
        requests.get("http://127.0.0.1:1/p4th/k3y%2Fwith%2Bchars/c0upon/42?uid=cust0mer")
    except requests.ConnectionError:
        logging.getLogger("other").exception("call failed")
    context = {"name": "orders.completed", "args": "['cust0mer']", "kwargs": "{}"}
    logging.getLogger("celery.worker.x").error("Task %(name)s failed", context, extra={"data": context})
    sentry_sdk.set_extra("celery-job", {"task_name": "t", "args": ["cust0mer"], "kwargs": {}})
    sentry_sdk.capture_message("dead letter for j4ne@example.com")
sentry_sdk.flush()
"""


PRIVATE = ("k3y", "j4ne", "cust0mer", "c0upon", "p4th", "dsnkey")
"""In no folder's, user's or host's name by chance, which events tell, and in no time, port or hexadecimal id."""


class Calls:
    def __init__(self) -> None:
        self.envelopes: list[bytes] = []
        self.partner: list[dict[str, str]] = []

    def items(self, kind: str) -> list[dict[str, Any]]:
        found = []
        for envelope in self.envelopes:
            _, *rest = envelope.split(b"\n")
            found += [json.loads(body) for head, body in zip(rest[::2], rest[1::2], strict=False) if kind in str(head)]
        return found


@pytest.fixture(scope="module", params=["plain", "traced"])
def calls(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Calls:
    calls = Calls()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            calls.envelopes.append(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
            self.answer(200)

        def do_GET(self) -> None:
            calls.partner.append(dict(self.headers))
            self.answer(500)

        def answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    program = tmp_path_factory.mktemp("sentry") / "program.py"
    program.write_text(PROGRAM)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        command = [sys.executable, str(program), str(server.server_port), request.param]
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), **same_clock()}
        subprocess.run(command, env=environment, check=True, timeout=60, capture_output=True)
        server.shutdown()
    return calls


def test_errors_arrive(calls: Calls) -> None:
    events = calls.items("event")
    said = {event.get("message") or event["logentry"]["message"] for event in events}
    assert said == {"it.failed", "call failed", "Task %(name)s failed", "dead letter for [e-mail]"}
    (failed,) = [event for event in events if event.get("logentry", {}).get("message") == "it.failed"]
    assert failed["exception"]["values"][0]["value"] == "failed with [secret] for [e-mail]"
    assert (failed["extra"]["id"], failed["extra"]["who"]) == ("uniqodo:uk:1:C", "[e-mail]")


def test_nothing_private_leaves(calls: Calls) -> None:
    for event in calls.items("event") + calls.items("transaction"):
        for exception in event.get("exception", {}).get("values", []):
            for frame in exception["stacktrace"]["frames"]:
                assert "vars" not in frame
                for field in ("pre_context", "context_line", "post_context"):  # the program's own text
                    frame.pop(field, None)
        text = json.dumps(event)
        for private in PRIVATE:
            assert private not in text


def test_breadcrumbs_tell_the_host_of_a_call_and_what_was_logged(calls: Calls) -> None:
    crumbs = calls.items("event")[-1]["breadcrumbs"]["values"]
    (call,) = [crumb for crumb in crumbs if crumb["category"] == "httplib"]
    assert call["data"]["url"].startswith("http://127.0.0.1:")
    assert call["data"]["url"].endswith("/…")
    assert call["data"]["http.response.status_code"] == 500
    assert "delivery.attempted" in [crumb.get("message") for crumb in crumbs]


def test_no_trace_header_is_added_to_a_partners_call(calls: Calls) -> None:
    (headers,) = calls.partner
    assert set(headers) == {"Host", "User-Agent", "Accept-Encoding", "Accept", "Connection"}


def test_traces_are_off(calls: Calls, request: pytest.FixtureRequest) -> None:
    traced = request.node.callspec.params["calls"] == "traced"
    transactions = calls.items("transaction")
    assert bool(transactions) is traced
    if traced:
        assert [span["description"].split(":")[0] for span in transactions[0]["spans"]][:1] == ["GET http"]
        assert transactions[0]["transaction"] == "redeem [secret]"


@pytest.mark.parametrize("dsn", [None, ""])
def test_without_a_dsn_nothing_starts(dsn: str | None) -> None:
    program = (
        "import http.client, sentry_sdk; before = http.client.HTTPConnection.putrequest\n"
        "from config.redaction import Redactor; from config.sentry import configure_sentry\n"
        f"configure_sentry({dsn!r}, Redactor([]))\n"
        "assert not sentry_sdk.is_initialized(); assert http.client.HTTPConnection.putrequest is before\n"
    )
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), **same_clock()}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True, timeout=60)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "sentry.invalid"])
def test_no_proxy_leads_to_a_sentry_on_this_machine(host: str) -> None:
    program = (
        "import sys, sentry_sdk; from config.redaction import Redactor; from config.sentry import configure_sentry\n"
        "configure_sentry(sys.argv[1], Redactor([])); sentry_sdk.capture_message('hello'); sentry_sdk.flush()\n"
    )
    said = answer(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    with serving(said) as sentry, serving(said) as proxy:
        dsn = f"http://dsnkey@{host}:{sentry.port}/1"
        environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), **same_clock()}
        environment["http_proxy"] = proxy.url
        subprocess.run([sys.executable, "-c", program, dsn], env=environment, check=True, timeout=60)
    assert (bool(sentry.received), bool(proxy.received)) == ((False, True) if "invalid" in host else (True, False))
