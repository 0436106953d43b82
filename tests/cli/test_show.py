from __future__ import annotations

import re

import pytest

from tests.cli.conftest import BARE, EXPIRED, Run, Worker, event, lines
from tests.tasks.examples import ADDRESS

pytestmark = pytest.mark.usefixtures("configured")

ONE = "sovendus:uk:1:SKD1-503X1"


@pytest.fixture
def tried(redeem: Run, worker: Worker) -> None:
    redeem("emit", "-", stdin=lines(event("1", "SKD1-503x1", email=ADDRESS)))
    worker.work(ONE)


@pytest.mark.usefixtures("tried")
def test_a_redemption_with_its_attempts(redeem: Run, worker: Worker) -> None:
    row = redeem("show", ONE, "--json").row
    assert (row["state"], row["attempts"], row["code"]) == ("retrying", 1, "SKD1-503x1")
    [attempt] = row["history"]
    assert (attempt["outcome"], attempt["status"], attempt["ambiguous"]) == ("transient", 503, True)
    assert 5 <= attempt["next_delay_s"] <= 10
    assert redeem("retry", "--json").rows == [{"id": ONE}]
    worker.work(ONE)
    row = redeem("show", ONE, "--json").row
    assert (row["state"], row["attempts"], row["reason"], row["error_message"]) == ("redeemed", 2, None, None)
    assert row["receipt"] == {"status": 200, "message": "Coupon redemption received."}
    assert row["reported_at"].endswith("Z")
    assert [entry["outcome"] for entry in row["history"]] == ["transient", "redeemed"]


@pytest.mark.usefixtures("tried")
def test_for_people(redeem: Run) -> None:
    ran = redeem("show", ONE)
    assert ran.status == 0
    assert "state          retrying\n" in ran.out
    assert re.search(r"\n  \S{10} \S{8}  attempt 1  \d+ ms  failed: HTTP 503: service unavailable \(it may", ran.out)
    assert "what to do" not in ran.out, "it is tried again by itself"
    assert "reported_at" not in ran.out, "what is not known is left out"


@pytest.mark.usefixtures("tried")
def test_shows_no_personal_data(redeem: Run) -> None:
    for words in ([], ["--json"]):
        out = redeem("show", ONE, *words).out
        assert "jane" not in out
        assert "email" not in out


@pytest.mark.usefixtures("tried")
def test_a_code_in_any_case(redeem: Run) -> None:
    assert redeem("show", ONE.replace("SKD1", "skd1"), "--json").row["id"] == ONE


def test_a_later_content_that_differs_is_shown(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(event("1"), event("1") | {"order_value": "1.00"}))
    row = redeem("show", "sovendus:uk:1:SKD1", "--json").row
    assert row["order_value"] == "219.99"
    assert row["later_content"]["order_value"] == "1.00"


def test_what_is_not_there(redeem: Run) -> None:
    ran = redeem("show", "sovendus:uk:1:NONE", "--json")
    assert (ran.status, ran.out) == (1, "")
    assert "sovendus:uk:1:NONE: not found" in ran.err
    assert redeem("show").status == 2


@pytest.mark.usefixtures("three")
def test_of_a_dead_letter_what_can_be_done(redeem: Run) -> None:
    incomplete = redeem("show", BARE).out
    assert "what to do\n  The partner needs what the text names." in incomplete
    assert incomplete.endswith(f"\n  redeem dead replay {BARE} --set order_value=… --set currency=…\n")
    rejected = redeem("dead", "show", EXPIRED).out
    assert re.search(r"  attempt 1  \d+ ms  dead, rejected: Uniqodo 202: offer expired", rejected)
    assert rejected.endswith(f"\n  redeem dead discard {EXPIRED}\n")


@pytest.mark.usefixtures("three")
def test_who_did_what_to_it(redeem: Run, worker: Worker) -> None:
    redeem("dead", "replay", EXPIRED, "--set", "discount=1.00")
    worker.work(EXPIRED)
    redeem("dead", "discard", EXPIRED)
    first, again, second, closed = redeem("show", EXPIRED).out.partition("history\n")[2].splitlines()
    assert [line[23:34].strip() for line in (first, again, second, closed)] == [
        "attempt 1", "replayed", "attempt 2", "discarded",
    ]  # fmt: skip
    assert re.search(r"by \S+@\S+, set discount=1.00$", again)
    assert re.search(r"by \S+@\S+$", closed)
