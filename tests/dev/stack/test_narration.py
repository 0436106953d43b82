from __future__ import annotations

import json
from typing import Any

import pytest

from worker.dev.stack.narration import Narrator, as_record, told

ID = "sovendus:demo:145789:SKDXXR4324"


def attempt(outcome: str, **more: object) -> dict[str, Any]:
    return {"event": "delivery.attempted", "level": "info", "id": ID, "attempt": 1, "outcome": outcome} | more


@pytest.mark.parametrize(
    ("record", "kind", "text"),
    [
        (attempt("redeemed", status=200, ms=12), "redeemed", "HTTP 200 in 12 ms"),
        (attempt("redeemed", status=200, ms=12, attempt=3), "redeemed", "HTTP 200 in 12 ms, attempt 3"),
        (attempt("presumed", status=200, attempt=2), "presumed", "after an answer of ours was lost (attempt 2)"),
        (
            attempt("transient", error="HTTP 503: service unavailable", next_delay_s=1.34),
            "retrying",
            "HTTP 503: service unavailable (attempt 1), again in 1.3 s",
        ),
        (attempt("dead", reason="rejected", error="Uniqodo 204: not recognised"), "dead", "rejected: Uniqodo 204"),
        (attempt("account_refused", error="Uniqodo 101: invalid API key"), "held", "Uniqodo 101: invalid API key;"),
    ],
)
def test_an_attempt_is_told_in_a_line(record: dict[str, Any], kind: str, text: str) -> None:
    one = told(record)
    assert one is not None
    assert (one.kind, one.redemption_id) == (kind, ID)
    assert one.text.startswith(ID)
    assert text in one.text


def test_warnings_and_errors_are_told_without_their_tracebacks() -> None:
    trace = 'Traceback (most recent call last):\n  File "waker.py", line 84\nOSError: the network is gone\n'
    one = told({"event": "waker.failed", "level": "error", "error": "refused\nby whom", "exception": trace})
    assert one is not None
    assert (one.kind, one.text) == ("error", "waker.failed: refused: OSError: the network is gone")


@pytest.mark.parametrize("level", ["debug", "info"])
def test_the_rest_is_for_the_log_only(level: str) -> None:
    assert told({"event": "Task succeeded", "level": level}) is None


def test_what_pages_has_been_told_when_it_happened() -> None:
    assert told({"event": "page.dead_letters", "level": "warning", "text": "2 dead letters"}) is None


def test_what_is_no_json_object_is_for_the_log_only() -> None:
    for line in ("Traceback (most recent call last):", "[1]", "17", ""):
        assert as_record(line) is None


class Heard:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self.settled: list[str] = []
        self.now = 0.0
        self.narrator = Narrator(
            lambda kind, text: self.lines.append((kind, text)), self.settled.append, lambda: self.now
        )

    def read(self, *records: dict[str, Any]) -> None:
        for record in records:
            self.narrator.read(json.dumps(record))


def test_a_flood_is_counted_instead_of_told() -> None:
    heard = Heard()
    heard.read(*[attempt("redeemed")] * 100, *[attempt("transient")] * 7)
    assert len(heard.lines) == 12
    heard.now = 1.1
    heard.narrator.count_up()
    assert heard.lines[12:] == [("…", "and 88 redeemed, 7 retrying more")]
    heard.read(attempt("redeemed"))
    assert heard.lines[13][0] == "redeemed"


def test_those_not_told_are_settled_all_the_same() -> None:
    heard = Heard()
    heard.read(*[attempt("redeemed")] * 100, attempt("transient"))
    assert heard.settled == [ID] * 100


def test_the_same_trouble_is_told_once_in_ten_seconds() -> None:
    heard = Heard()
    trouble = {"event": "waker.broker_away", "level": "warning"}
    heard.read(trouble, trouble)
    assert len(heard.lines) == 1
    heard.now = 10.5
    heard.read(trouble)
    assert len(heard.lines) == 2
