from __future__ import annotations

from typing import Any

import pytest

from tests.cli.conftest import Run, Worker, event, lines
from worker.cli.status import duration
from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")


def rows(redeem: Run) -> dict[tuple[str | None, str | None], dict[str, Any]]:
    ran = redeem("status", "--json")
    assert (ran.status, ran.err) == (0, "")
    return {(row["partner"], row["shop"]): row for row in ran.rows}


def test_every_account_has_a_row(redeem: Run) -> None:
    found = rows(redeem)
    assert set(found) == {("sovendus", "uk"), ("uniqodo", "uk"), ("sovendus", "de")}
    assert found["sovendus", "uk"] == {
        "partner": "sovendus", "shop": "uk", "queued": 0, "sending": 0, "retrying": 0, "redeemed": 0, "presumed": 0,
        "dead": 0, "discarded": 0, "breaker": "closed", "hint": None, "oldest_waiting_s": None, "lag_p50_s": None,
        "lag_p99_s": None, "money_waiting": {}, "money_dead": {}, "redeemed_today": 0, "last_success_at": None,
        "fingerprints": [], "settings_here": None, "append_only_file": "ok",
    }  # fmt: skip


def test_tells_what_waits_what_is_dead_and_what_is_done(redeem: Run, worker: Worker) -> None:
    expired = {"code": "EXPIRED", "provenance": "uniqodo", "validation_key": "f"}
    redeem(
        "emit", "-",
        stdin=lines(
            event("1", "A", "B"), event("2", "C-503x1"), event("3"), event("4", coupons=[expired]),
            event("5", test=True), event("6", shop="fr"), event("7") | {"order_value": "10.00", "currency": "EUR"},
        ),
    )  # fmt: skip
    worker.work("sovendus:uk:2:C-503X1")
    worker.work("sovendus:uk:3:SKD1")
    worker.work("uniqodo:uk:4:EXPIRED")
    found = rows(redeem)
    sovendus = found["sovendus", "uk"]
    assert (sovendus["queued"], sovendus["retrying"], sovendus["redeemed"]) == (4, 1, 1)
    assert sovendus["money_waiting"] == {"EUR": "10.00", "GBP": "439.98"}, "an order once, no test order"
    assert sovendus["oldest_waiting_s"] >= 0
    assert sovendus["lag_p50_s"] >= 0
    assert found["uniqodo", "uk"]["dead"] == 1
    assert found["uniqodo", "uk"]["money_dead"] == {"GBP": "219.99"}
    assert found["unrouted", "fr"]["dead"] == 1
    table = redeem("status").out.splitlines()
    assert "10.00 EUR, 439.98 GBP" in table[2] + table[3]
    assert table[5:] == ["waiting in all: 5, worth 10.00 EUR, 439.98 GBP", "dead in all: 2, worth 439.98 GBP"]


def test_an_open_breaker_and_what_it_may_mean(redeem: Run, worker: Worker, sandbox: Sandbox) -> None:
    sandbox.fail("500")
    redeem("emit", "-", stdin=lines(*(event(str(number)) for number in range(10))))
    for number in range(10):
        worker.work(f"sovendus:uk:{number}:SKD1")
    row = rows(redeem)["sovendus", "uk"]
    assert (row["breaker"], row["hint"]) == (
        "open",
        "outage, or wrong trafficSourceNumber / traffic_medium_public_id (HTTP 500: internal error)",
    )
    assert "sovendus uk: outage, or wrong trafficSourceNumber" in redeem("status").out
    assert rows(redeem)["sovendus", "de"]["breaker"] == "closed"


def test_a_refused_key_stops_the_account_only(redeem: Run, worker: Worker, sandbox: Sandbox) -> None:
    sandbox.configure(accepted_keys=["another"])
    code = {"code": "AB12", "provenance": "uniqodo", "validation_key": "f"}
    redeem("emit", "-", stdin=lines(event("1", coupons=[code, {"code": "SKD1"}])))
    worker.work("uniqodo:uk:1:AB12")
    found = rows(redeem)
    assert found["uniqodo", "uk"]["breaker"] == "refused"
    assert "mend it" in found["uniqodo", "uk"]["hint"]
    assert found["uniqodo", "uk"]["retrying"] == 1
    assert found["sovendus", "uk"]["breaker"] == "closed"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, ""), (0, "0 ms"), (0.0351, "35 ms"), (2.14, "2.1 s"), (200, "3 min 20 s"), (7500, "2 h 5 min"),
     (273_600, "3 d 4 h"), (86_400, "1 d 0 h")],
)  # fmt: skip
def test_durations_are_readable(seconds: float | None, text: str) -> None:
    assert duration(seconds) == text
