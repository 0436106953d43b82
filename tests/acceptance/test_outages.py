"""A partner that fails: tried again in growing gaps, left alone when it stays ill, and nobody else waits for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks.ledger import State
from tests.acceptance.kit import code, eventually, order

if TYPE_CHECKING:
    from tests.acceptance.kit import Shop, System
    from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("worker")

BASE = 0.2  # seconds, as the worker has it


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


def test_retry_after_is_the_least_wait(shop: Shop, system: System, partners: Sandbox) -> None:
    partners.fail("429@1", times=1, account=shop.number)
    (record,) = system.until_settled(system.send(order(shop, "1", code("BUSY"))))
    first, second = partners.calls(account=shop.number)
    assert (record.state, first.status, second.status) == (State.REDEEMED, 429, 200)
    assert second.arrived - first.arrived >= 1


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
    assert row["hint"] == "outage, or wrong trafficSourceNumber / traffic_medium_public_id"
    assert row["dead"] == 0
    assert system.states(ill) <= {"queued", "retrying", "sending"}
    # Ten failures open the breaker, four more may be on their way; the rest are probes.
    assert len(partners.calls(account=shop.number)) < 30

    partners.clear_faults(account=shop.number)
    assert {record.state for record in system.until_settled(ill)} == {State.REDEEMED}
    assert partners.doubled(account=shop.number) == []


@pytest.mark.parametrize("fault", ["HANG", "503"])
def test_a_uniqodo_outage_does_not_delay_sovendus(fault: str, shop: Shop, system: System, partners: Sandbox) -> None:
    proven = system.send(order(shop, "0", *(code(f"{shop.name}-PROVEN-{n}", "uniqodo") for n in range(8))))
    system.until_settled(proven)
    partners.fail(fault, account=shop.api_key)
    ill = system.send(order(shop, "1", *(code(f"{shop.name}-{n}", "uniqodo") for n in range(40))))
    eventually(lambda: len(partners.calls(account=shop.api_key)) > len(proven), what="the outage felt")

    well = system.send(*(order(shop, f"{n}", code(f"WELL-{n}")) for n in range(2, 42)))
    assert {record.state for record in system.until_settled(well)} == {State.REDEEMED}
    assert system.states(ill) <= {"queued", "retrying", "sending"}

    partners.clear_faults(account=shop.api_key)
    # Of those that hung, or were answered by a 503, the partner may have taken any.
    assert {record.state for record in system.until_settled(ill)} == {State.REDEEMED}
