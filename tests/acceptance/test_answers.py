"""What a partner's answer means: a yes, somebody else's yes, our own lost yes, or a key that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tasks.ledger import State
from tests.acceptance.kit import Shop, code, eventually, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import System
    from worker.dev.sandbox import Sandbox


@pytest.mark.usefixtures("worker")
def test_already_redeemed_after_an_answer_that_was_lost_is_presumed(
    shop: Shop, system: System, partners: Sandbox
) -> None:
    lost = [
        f"{shop.name}{mark}" for mark in ("+HANG", "+RESET", "+CLOSE", "+GARBAGE", "+TRUNCATED", "+EMPTY", "+503x1")
    ]
    ids = system.send(order(shop, "1", *(code(one, "uniqodo") for one in lost)))
    for record in system.until_settled(ids):
        assert (record.state, record.attempts) == (State.PRESUMED, 2), record
        assert record.to_json()["receipt"] == {
            "status": 200,
            "presumed": "Uniqodo 201: code already redeemed: This code has already been redeemed",
        }
    assert {entry.commits for entry in partners.redemptions(account=shop.api_key)} == {1}
    row = system.status("uniqodo", shop)
    assert (row["presumed"], row["redeemed"], row["dead"]) == (7, 0, 0)


@pytest.mark.usefixtures("worker")
def test_already_redeemed_without_a_lost_answer_is_a_dead_letter(shop: Shop, system: System, partners: Sandbox) -> None:
    # A 429 did nothing, so the 201 after it is somebody else's redemption, too.
    codes = [f"{shop.name}-REDEEMED", f"{shop.name}-REDEEMED-429x1@0"]
    system.until_settled(system.send(order(shop, "1", *(code(one, "uniqodo") for one in codes))))
    told = system.redeem_json("dead", "list", "--shop", shop.name)
    assert {letter["code"] for letter in told} == set(codes)
    for letter in told:
        assert (letter["state"], letter["reason"], letter["error_code"]) == ("dead", "rejected", "201")
    assert {letter["attempts"] for letter in told} == {1, 2}
    assert partners.redemptions(account=shop.api_key) == []


@pytest.mark.usefixtures("worker")
def test_a_final_no_is_a_dead_letter_at_once(shop: Shop, system: System, partners: Sandbox) -> None:
    nos = {"EXPIRED": "202", "UNKNOWN": "204", "EXHAUSTED": "206", "ODD": "209", "LIMIT": "210", "ERR299": "299"}
    coupons = [code(f"{shop.name}-{word}", "uniqodo") for word in nos]
    for record in system.until_settled(system.send(order(shop, "1", *coupons))):
        wanted = (State.DEAD, "rejected", nos[record.code.removeprefix(f"{shop.name}-")], 1)
        assert (record.state, record.reason, record.fields["error_code"], record.attempts) == wanted
    assert len(partners.calls(account=shop.api_key)) == len(nos)


def test_a_refused_key_burns_nothing_and_all_goes_out_once_it_is_mended(
    make_system: Callable[..., System], partners: Sandbox
) -> None:
    shop = Shop("mended", number="2001", api_key="wrong-key-of-mended")
    system = make_system(shop)
    events = [order(shop, f"{n}", code(f"MENDED-{n}", "uniqodo")) for n in range(40)]
    with system.worker() as worker:
        ids = system.send(*events)
        eventually(lambda: system.breaker("uniqodo", shop) == "refused")
        # The Sovendus account of the same shop is none the worse.
        system.until_settled(system.send(order(shop, "S", code("SKD"))))
        assert worker.stop() == 0
    refused = len(partners.calls(account=shop.api_key))
    assert 1 <= refused <= 4, "a handful of calls, no more than an account gets at once before its first yes"
    assert system.redeem_json("dead", "list") == []
    assert system.states(ids) <= {"queued", "retrying"}

    with system.worker(SHOPS__MENDED__UNIQODO__API_KEY="mended-key"):
        records = system.until_settled(ids)
    assert {record.state for record in records} == {State.REDEEMED}
    assert len(partners.calls(account="mended-key")) == len(ids)
    assert len(partners.calls(account=shop.api_key)) == refused


@pytest.mark.usefixtures("worker")
def test_a_key_that_the_partner_mends_goes_on_by_resume(shop: Shop, system: System, partners: Sandbox) -> None:
    partners.configure(accepted_keys=[])
    try:
        ids = system.send(*(order(shop, f"{n}", code(f"{shop.name}-{n}", "uniqodo")) for n in range(40)))
        eventually(lambda: system.breaker("uniqodo", shop) == "refused")
    finally:
        partners.configure(accepted_keys=None)
    refused = len(partners.calls(account=shop.api_key))
    assert 1 <= refused <= 4
    assert system.states(ids) <= {"queued", "retrying"}

    told = system.redeem_json("resume", "--partner", "uniqodo", "--shop", shop.name)
    assert told == [{"partner": "uniqodo", "shop": shop.name, "changed": True}]
    assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
    assert len(partners.calls(account=shop.api_key)) == len(ids) + refused
    assert partners.doubled(account=shop.api_key) == []
