"""What Sentry's own variables and a stranger's trace headers may change about what is sent, and what they may not."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

from tests.acceptance.kit.ingest import Ingest
from tests.faked_clock import same_clock

PROGRAM = """
import logging, sys
import sentry_sdk, structlog
from celery import Celery
from config.logs import configure_logging
from config.redaction import Redactor
from config.sentry import capture_page, configure_sentry

dsn, secret, customer, hashed = sys.argv[1:]
redactor = Redactor([secret])
configure_logging("INFO", "json", redactor)
configure_sentry(dsn or None, redactor)

app = Celery(set_as_current=False)
app.conf.task_always_eager = True

@app.task(bind=True)
def fails(self, customer):
    raise RuntimeError(f"of ours, redis://user:{secret}@host:6379/0, {hashed}")

trace = {"sentry-trace": "771a43a4192642f0b136d5159a501700-b1b2b3b4b5b6b7b8-1",
         "baggage": f"sentry-trace_id=771a43a4192642f0b136d5159a501700,sentry-user={customer}"}
for _ in range(50):
    fails.apply(args=[customer], headers=trace)
    logging.getLogger("other").error("the same again: %s", object())
for shop in ("uk", "de", "uk"):
    capture_page("a page", level="warning", fingerprint=["redeem", shop], tags={"shop": shop}, extra={"n": 1})
sentry_sdk.flush()
"""

PRIVATE = ("k3y-priv4te", "customer-priv4te", "0BC83CB571CD1C50BA6F3E8A78EF1346")
"""A secret, what a stranger tells, and an address's hash; not in the program's text, which frames show."""


def run(ingest: Ingest, tmp_path: Path, **environment: str) -> str:
    """Run it in a process of its own; what it wrote to standard error."""
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    dsn = environment.pop("DSN", ingest.dsn)
    done = subprocess.run(
        [sys.executable, str(program), dsn, *PRIVATE],
        env={"PATH": "/usr/bin:/bin", "PYTHONPATH": str(Path.cwd()), **same_clock(), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stderr


def test_sentrys_own_variables_switch_nothing_on(tmp_path: Path) -> None:
    with Ingest() as ingest, Ingest() as elsewhere:
        said = run(
            ingest,
            tmp_path,
            SENTRY_DSN=elsewhere.dsn,
            SENTRY_SPOTLIGHT=f"http://127.0.0.1:{elsewhere.port}/stream",
            SENTRY_DEBUG="1",
            SENTRY_TRACES_SAMPLE_RATE="1.0",
            SENTRY_ENVIRONMENT="staging",
        )
        assert elsewhere.envelopes() == []
    assert "[sentry]" not in said
    assert ingest.items("transaction") == []
    assert {event["environment"] for event in ingest.items()} == {"staging"}
    assert {event["release"] for event in ingest.items()} == {f"redeem@{version('redeem')}"}
    everything = b"".join(ingest.envelopes())
    for private in (b"priv4te", b"0bc83cb5", b"user:k", b"c0ffee"):
        assert private not in everything.lower()


def test_a_hundred_errors_of_two_kinds_are_two_events_and_pages_all_get_through(tmp_path: Path) -> None:
    with Ingest() as ingest:
        run(ingest, tmp_path, SENTRY_RELEASE="of-the-operator")
        assert sorted("exception" in event for event in ingest.items() if event not in ingest.pages()) == [False, True]
        assert [event["tags"]["shop"] for event in ingest.pages()] == ["uk", "de", "uk"]
        assert {event["release"] for event in ingest.items()} == {"of-the-operator"}


@pytest.mark.parametrize("variables", [{}, {"SENTRY_SPOTLIGHT": "1"}])
def test_without_our_setting_sentrys_variable_sends_nothing(tmp_path: Path, variables: dict[str, str]) -> None:
    with Ingest() as ingest:
        run(ingest, tmp_path, DSN="", SENTRY_DSN=ingest.dsn, **variables)
        assert ingest.envelopes() == []
