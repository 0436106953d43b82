"""One state for a row of several redemptions, and what else it says of them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from itertools import pairwise, permutations

import pytest

from tasks.ledger import Record
from worker.relay.outcome import Outcome, outcome
from worker.relay.table import OPEN, RowState

AT = 1_795_000_000_123
MOMENT = datetime.fromtimestamp(AT / 1000, UTC)


def record(id_: str, state: str, **fields: str) -> Record:
    return Record(id_, {"state": state, **fields})


def of(*records: Record, **more: object) -> Outcome:
    return outcome([one.id for one in records], {one.id: one for one in records}, **more)  # type: ignore[arg-type]  # a test says what it gives


FURTHEST_FIRST = ["dead", "retrying", "queued", "discarded", "presumed", "redeemed"]


@pytest.mark.parametrize(("further", "nearer"), list(pairwise(FURTHEST_FIRST)))
def test_a_row_is_as_far_as_what_is_furthest_from_done(further: str, nearer: str) -> None:
    for states in permutations((further, nearer, nearer)):
        records = [record(str(number), state) for number, state in enumerate(states)]
        assert of(*records).state == further


@pytest.mark.parametrize(("tries", "told"), [("1", "queued"), ("2", "retrying")])
def test_a_call_under_way_is_told_as_what_it_waits_for(tries: str, told: str) -> None:
    assert of(record("a", "sending", tries=tries)).state == told


def test_it_was_reported_when_the_last_was_and_not_before_all_are() -> None:
    first = record("a", "redeemed", reported_at=str(AT - 5000), receipt='{"status": 200}')
    last = record("b", "presumed", reported_at=str(AT), receipt='{"status": 200, "id": "7"}')
    both = of(first, last)
    assert (both.state, both.reported_at) == ("presumed", MOMENT)
    assert json.loads(both.receipt or "")["b"] == {
        "status": 200,
        "id": "7",
        "state": "presumed",
        "reported_at": MOMENT.isoformat(timespec="milliseconds"),
    }
    half = of(first, record("b", "queued"))
    assert (half.state, half.reported_at) == ("queued", None)
    assert of(first, record("b", "discarded")).reported_at is None


def test_an_error_is_a_line_for_each_that_is_dead() -> None:
    says = of(
        record("a", "dead", reason="rejected", error_code="204", error_message="Uniqodo 204: not recognised"),
        record("b", "queued", error_message="HTTP 503"),
        record("c", "dead", reason="crashed"),
    )
    assert says.error == "a: rejected: Uniqodo 204: not recognised (204)\nc: crashed"


def test_nothing_to_report_is_none() -> None:
    assert outcome([], {}) == Outcome("none")


def test_what_the_ledger_has_forgotten_stays_as_it_was_told() -> None:
    """Which is what makes the outcome of an outcome the same."""
    done = of(record("a", "redeemed", reported_at=str(AT), receipt='{"status": 200}'))
    assert outcome(["a"], {}, told=json.loads(done.receipt or "")) == done
    erased = outcome(["a"], {}, erased={"a"})
    assert erased.state == "erased"
    assert outcome(["a"], {}, told=json.loads(erased.receipt or "")) == erased
    assert outcome(["a"], {}).state == "queued"


def test_every_state_is_open_or_final() -> None:
    assert set(OPEN) == {"dead", "retrying", "queued"}
    assert {*FURTHEST_FIRST, "erased", "none", "refused"} == set(RowState)
