"""A worker that is stopped or held still in the middle of a call; the campaigns kill them, and their brokers."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from tasks.ledger import State
from tests.acceptance.kit import Shop, code, eventually, order

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import System
    from worker.dev.sandbox import Sandbox


def test_a_warm_stop_finishes_and_records_the_call_in_hand(
    make_system: Callable[..., System], partners: Sandbox
) -> None:
    shop = Shop("stopped", number="3003", api_key="key-of-stopped")
    system = make_system(shop, PARTNERS__SOVENDUS__READ_TIMEOUT="20s")
    partners.fail("SLOW@1.5", account=shop.number)
    ids = system.send(*(order(shop, f"{n}", code(f"STOPPED-{n}")) for n in range(12)))
    with system.worker("first") as first:
        partners.wait_for_calls(1, account=shop.number)
        assert first.stop() == 0
        in_hand = partners.calls(account=shop.number)
    called = {call.order_id for call in in_hand}
    assert {call.status for call in in_hand} == {200}
    states = {record.order_id: record.state for record in system.records(ids)}
    assert {order_id for order_id, state in states.items() if state is State.REDEEMED} == called
    assert State.SENDING not in states.values()

    partners.clear_faults(account=shop.number)
    with system.worker("second"):
        assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
    assert len(partners.calls(account=shop.number)) == len(ids)


def test_a_worker_held_still_beyond_its_lease_does_no_harm(
    make_system: Callable[..., System], partners: Sandbox
) -> None:
    shop = Shop("still", number="3004", api_key="key-of-still")
    system = make_system(shop, PARTNERS__UNIQODO__READ_TIMEOUT="1500ms", PARTNERS__SOVENDUS__READ_TIMEOUT="1500ms")
    partners.fail("+SLOW@1.2", times=1, account=shop.api_key)
    with system.worker("held") as held:
        ids = system.send(order(shop, "1", code("STILL-1", "uniqodo")))
        partners.wait_for_redemptions(1, account=shop.api_key)
        held.signal(signal.SIGSTOP)
        with system.worker("other"):
            (record,) = system.until_settled(ids)
            assert (record.state, record.attempts) == (State.PRESUMED, 2)
            held.signal(signal.SIGCONT)
            eventually(lambda: held.entries("delivery.attempted"))
            assert held.stop() == 0
    (record,) = system.records(ids)
    assert record.state is State.PRESUMED
    assert len(partners.calls(account=shop.api_key)) == 2
