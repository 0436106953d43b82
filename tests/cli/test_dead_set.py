"""`redeem dead replay --set`, and the pace of a replay."""

from __future__ import annotations

import pytest

from tests.cli.conftest import BARE, EXPIRED, NOWHERE, Ran, Run, Worker
from tests.tasks.examples import ADDRESS

pytestmark = pytest.mark.usefixtures("configured", "three")


def test_what_was_missing_is_set_and_sent(redeem: Run, worker: Worker) -> None:
    ran = redeem("dead", "replay", BARE, "--set", "order_value=12.00", "--set", "currency=EUR")
    assert ran == Ran(0, f"replayed {BARE}\n", "")
    worker.work(BARE)
    row = redeem("show", BARE, "--json").row
    assert (row["state"], row["order_value"], row["currency"]) == ("redeemed", "12.00", "EUR")
    [entry] = redeem("audit", "--json").rows
    assert entry["what"] == f"{BARE}, set order_value, set currency"
    assert "set order_value=12.00, currency=EUR" in redeem("show", BARE).out


def test_another_code_is_another_redemption(redeem: Run) -> None:
    ran = redeem("dead", "replay", EXPIRED, "--set", "code=AB12", "--json")
    new = "uniqodo:uk:1:AB12"
    assert ran.row == {"id": EXPIRED, "done": "replay", "redemptions": [new]}
    assert f"as {new}" in redeem("show", EXPIRED).out
    assert f"in place of {EXPIRED}" in redeem("show", new).out


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ("order_vale=1", "order_vale: no field of an event; did you mean order_value?"),
        ("order_value=12,00", "$.order_value: must be a decimal string with a dot"),
        ("currency=eur", "$.currency: must be an ISO 4217 code"),
        ("order_value", "order_value: must be FIELD=VALUE"),
    ],
)
def test_what_no_event_could_have_is_wrong_use(redeem: Run, given: str, why: str) -> None:
    ran = redeem("dead", "replay", BARE, "--set", given)
    assert (ran.status, ran.out) == (2, "")
    assert why in " ".join(ran.err.split())


def test_what_the_order_does_not_go_with_is_refused(redeem: Run) -> None:
    ran = redeem("dead", "replay", BARE, "--set", "order_value=12.00")
    assert (ran.status, ran.out) == (1, "")
    assert f"refused  {BARE}: invalid: $.currency: required with a value" in ran.err


def test_many_can_be_set_right_at_once_but_not_to_the_same_order(redeem: Run) -> None:
    for own in ("code=X", "order_id=7", f"email={ADDRESS}", "coupons[0].validation_key=f"):
        ran = redeem("dead", "replay", "--partner", "uniqodo", "--set", own, "--yes")
        assert (ran.status, ran.out) == (2, "")
        assert "is one order's own: say which letter, by its ID" in " ".join(ran.err.split())
        assert ADDRESS not in ran.err
    counted = redeem("dead", "replay", "--partner", "uniqodo", "--set", "currency=EUR")
    assert (counted.status, counted.out.splitlines()[0]) == (1, "would replay 2 dead letters worth 219.99 GBP")
    ran = redeem("dead", "replay", "--partner", "uniqodo", "--set", "currency=EUR", "--yes", "--json")
    assert {row["id"]: "done" in row for row in ran.rows} == {EXPIRED: True, BARE: False}


@pytest.mark.parametrize("rate", ["0", "500", "60000/min", "1000000/h", "0.5/s"])
def test_rates(redeem: Run, rate: str) -> None:
    assert redeem("dead", "replay", EXPIRED, "--rate", rate).status == 0


@pytest.mark.parametrize("rate", ["fast", "-1", "10/year", "1/0", "٣", "nan", "1e400"])
def test_what_is_no_rate(redeem: Run, rate: str) -> None:
    ran = redeem("dead", "replay", NOWHERE, f"--rate={rate}")
    assert (ran.status, ran.out) == (2, "")
    assert "such as 10 (a second), 100/min" in " ".join(ran.err.split())
