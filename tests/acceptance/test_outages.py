"""A partner that fails: tried again in growing gaps, left alone when it stays ill, and nobody else waits for it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from config.celery_options import CONCURRENCY
from tasks.ledger import State
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, code, eventually, order
from worker.transport.credit import intake_share, share

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import System
    from worker.dev.sandbox import Sandbox

BASE = 0.2  # seconds, as the worker has it


@pytest.mark.usefixtures("worker")
def test_two_503_and_a_200_are_three_calls_with_growing_gaps(shop: Shop, system: System, partners: Sandbox) -> None:
    for partner in ("sovendus", "uniqodo"):
        partners.fail("503", times=2, partner=partner, account=shop.number if partner == "sovendus" else shop.api_key)
    ids = system.send(order(shop, "1", code("HEALS"), code(f"HEALS-{shop.name}", "uniqodo")))
    for record in system.until_settled(ids):
        # A 5xx leaves open whether the partner acted; a clear yes is a yes all the same.
        assert (record.state, record.attempts) == (State.REDEEMED, 3)
        account = shop.number if record.partner == "sovendus" else shop.api_key
        calls = partners.calls(partner=record.partner, account=account)
        assert [call.status for call in calls] == [503, 503, 200]
        first, second = (entry["next_delay_s"] for entry in record.history() if "next_delay_s" in entry)
        assert BASE / 2 <= first <= BASE <= second <= BASE * 2
        assert calls[1].arrived - calls[0].arrived >= first
        assert calls[2].arrived - calls[1].arrived >= second


@pytest.mark.usefixtures("worker")
def test_retry_after_is_the_least_wait(shop: Shop, system: System, partners: Sandbox) -> None:
    partners.fail("429@1", times=1, account=shop.number)
    (record,) = system.until_settled(system.send(order(shop, "1", code("BUSY"))))
    first, second = partners.calls(account=shop.number)
    assert (record.state, first.status, second.status) == (State.REDEEMED, 429, 200)
    assert second.arrived - first.arrived >= 1


@pytest.mark.usefixtures("worker")
def test_a_wrong_sovendus_id_is_one_shops_own_trouble(
    shop: Shop, other_shop: Shop, system: System, partners: Sandbox
) -> None:
    partners.fail("500", account=shop.number)
    ill = system.send(*(order(shop, f"{n}", code(f"ILL-{n}")) for n in range(60)))
    well = system.send(*(order(other_shop, f"{n}", code(f"WELL-{n}")) for n in range(60)))
    assert {record.state for record in system.until_settled(well)} == {State.REDEEMED}
    assert len(partners.calls(account=other_shop.number)) == 60

    row = system.status("sovendus", shop)
    assert row["breaker"] == "open"
    assert row["hint"].startswith("outage, or wrong trafficSourceNumber / traffic_medium_public_id (HTTP 500")
    assert row["dead"] == 0
    assert system.states(ill) <= {"queued", "retrying", "sending"}
    # Ten failures open the breaker, as many more may be on their way; the rest are single probes.
    calls = partners.calls(account=shop.number)
    assert len(calls) <= 20 + (time.monotonic() - calls[0].arrived) / float(FAST["BREAKER__PROBE_AFTER"])

    partners.clear_faults(account=shop.number)
    assert {record.state for record in system.until_settled(ill)} == {State.REDEEMED}
    assert partners.doubled(account=shop.number) == []


@pytest.mark.usefixtures("worker")
def test_a_partner_that_answers_503_does_not_delay_the_other(shop: Shop, system: System, partners: Sandbox) -> None:
    partners.fail("503", account=shop.api_key)
    ill = system.send(order(shop, "1", *(code(f"{shop.name}-{n}", "uniqodo") for n in range(40))))
    eventually(lambda: partners.calls(account=shop.api_key), what="the outage felt")
    well = system.send(*(order(shop, f"{n}", code(f"WELL-{n}")) for n in range(2, 42)))
    assert {record.state for record in system.until_settled(well)} == {State.REDEEMED}
    assert system.states(ill) <= {"queued", "retrying", "sending"}

    partners.clear_faults(account=shop.api_key)
    assert {record.state for record in system.until_settled(ill)} == {State.REDEEMED}


@pytest.mark.usefixtures("worker")
def test_an_account_paused_by_hand_gets_nothing_until_it_is_resumed(
    shop: Shop, system: System, partners: Sandbox
) -> None:
    which = ("--partner", "uniqodo", "--shop", shop.name)
    assert [row["changed"] for row in system.redeem_json("pause", *which)] == [True]
    ids = system.send(order(shop, "1", code("WELL"), *(code(f"{shop.name}-{n}", "uniqodo") for n in range(3))))
    (well,) = system.until_settled(ids[:1])
    assert well.state is State.REDEEMED
    row = system.status("uniqodo", shop)
    assert (row["breaker"], row["queued"]) == ("paused", 3)
    assert partners.calls(account=shop.api_key) == []

    assert [row["changed"] for row in system.redeem_json("resume", *which)] == [True]
    assert {(record.state, record.attempts) for record in system.until_settled(ids)} == {(State.REDEEMED, 1)}
    assert len(partners.calls(account=shop.api_key)) == 3


def test_a_partner_that_hangs_does_not_delay_the_other(make_system: Callable[..., System], partners: Sandbox) -> None:
    shop = Shop("hung", number="4001", api_key="key-of-hung")
    system = make_system(shop, PARTNERS__UNIQODO__READ_TIMEOUT="50s")
    with system.worker():
        # An account that has proven itself is held back by nothing.
        system.until_settled(system.send(order(shop, "0", *(code(f"HUNG-PROVEN-{n}", "uniqodo") for n in range(8)))))
        partners.fail("HANG", account=shop.api_key)
        ill = system.send(*(order(shop, f"I{n}", code(f"HUNG-{n}", "uniqodo")) for n in range(60)))
        places = share(CONCURRENCY - intake_share(CONCURRENCY))
        eventually(lambda: len(partners.calls(account=shop.api_key)) == 8 + places, what="all places taken")

        well = system.send(*(order(shop, f"W{n}", code(f"WELL-{n}")) for n in range(40)))
        assert {record.state for record in system.until_settled(well)} == {State.REDEEMED}
        assert all(record.history() == [] for record in system.records(ill)), "no hanging call has ended yet"
        assert len(partners.calls(account=shop.api_key)) == 8 + places
