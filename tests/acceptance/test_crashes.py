"""Workers and brokers that die at any moment: nothing accepted is lost, nothing that was answered is sent twice."""

from __future__ import annotations

import os
import random
import signal
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

from tasks.ledger import State
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System, code, eventually, order
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tasks.ledger import Record
    from tests.acceptance.kit import WorkerProcess
    from worker.dev.sandbox import Sandbox

SETTLED_WITHIN = 60.0
KILLS = 3
DONE = {State.REDEEMED, State.PRESUMED}


def orders(shop: Shop, prefix: str, count: int) -> list[dict[str, object]]:
    """Orders with a code of each partner."""
    return [
        order(
            shop,
            f"{prefix}{n}",
            code(f"{shop.name}-S{prefix}{n}"),
            code(f"{shop.name}-U{prefix}{n}", "uniqodo"),
            order_value=f"{n}.50",
        )
        for n in range(count)
    ]


def compare_books(records: Iterable[Record], shop: Shop, partners: Sandbox) -> None:
    """Everything of ours is on the partners' books with its value, and nothing else; twice only what was cut off."""
    ours = {(record.partner, record.order_id, record.code): record for record in records}
    booked = [*partners.redemptions(account=shop.number), *partners.redemptions(account=shop.api_key)]
    assert {(entry.partner, entry.order_id, entry.code) for entry in booked} == ours.keys()
    for entry in booked:
        record = ours[entry.partner, str(entry.order_id), entry.code]
        assert record.state in DONE, (record.id, record.fields)
        assert entry.order_value == str(record.order_value)
        if entry.partner == "uniqodo" or not _was_cut_off(record):
            assert entry.commits == 1, (record.id, record.history())


def _called(enough: int, shop: Shop, partners: Sandbox) -> bool:
    return _calls(shop, partners) >= enough


def _calls(shop: Shop, partners: Sandbox) -> int:
    return len(partners.calls(account=shop.number)) + len(partners.calls(account=shop.api_key))


def _was_cut_off(record: Record) -> bool:
    return any(line.get("ambiguous") for line in record.history())


def test_kill_9_of_the_worker_at_any_moment(make_system: Callable[..., System], partners: Sandbox) -> None:
    shop = Shop("killed", number="3001", api_key="key-of-killed")
    system = make_system(shop, PARTNERS__SOVENDUS__READ_TIMEOUT="3s", PARTNERS__UNIQODO__READ_TIMEOUT="3s")
    seed = int(os.environ.get("KILL_SEED", "7"))  # another one is another course of things
    chance = random.Random(seed)
    partners.mix({"SLOW@0.1": 0.5}, seed, account=shop.number)
    partners.mix({"+SLOW@0.1": 0.5}, seed, account=shop.api_key)
    ids: list[str] = []
    with ThreadPoolExecutor() as door:
        for kill in range(KILLS):
            accepting = door.submit(system.emit, *orders(shop, f"{kill}-", 20))
            enough = _calls(shop, partners) + chance.randint(1, 20)
            with system.worker(f"doomed{kill}"):  # which is killed at the end of this
                eventually(partial(_called, enough, shop, partners), within=SETTLED_WITHIN)
            ids += accepting.result()
    with system.worker("survivor"):
        records = system.until_settled(ids, within=SETTLED_WITHIN)
    assert len(records) == KILLS * 20 * 2
    compare_books(records, shop, partners)


def test_two_workers_share_the_work_and_double_nothing(make_system: Callable[..., System], partners: Sandbox) -> None:
    shop = Shop("shared", number="3002", api_key="key-of-shared")
    system = make_system(shop)
    partners.mix({"SLOW@0.05": 0.5, "503": 0.05}, 3, account=shop.number)
    events = orders(shop, "", 60)
    with system.worker("one") as one, system.worker("two") as two:
        ids = system.send(*events, *events)
        assert system.emit(*events) == ids[: len(ids) // 2]
        records = system.until_settled(set(ids))
        shares = [len(worker.entries("delivery.attempted")) for worker in (one, two)]
    compare_books(records, shop, partners)
    assert min(shares) > 0, shares
    assert {record.state for record in records} == {State.REDEEMED}


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


def test_the_broker_dies_under_load_and_comes_back(tmp_path: Path, partners: Sandbox) -> None:
    shop = Shop("brokerless", number="3005", api_key="key-of-brokerless")
    partners.mix({"SLOW@0.1": 0.7}, 1, account=shop.number)
    partners.mix({"SLOW@0.1": 0.7}, 1, account=shop.api_key)
    with (
        EmbeddedValkey(tmp_path / "broker") as broker,
        ThreadPoolExecutor() as door,
        System(broker.url, partners.url, [shop], tmp_path, FAST) as system,
    ):
        with system.worker() as worker:
            accepted = door.submit(system.emit, *orders(shop, "", 80))
            partners.wait_for_calls(20, account=shop.number)
            assert broker.pid is not None
            os.kill(broker.pid, signal.SIGKILL)
            eventually(lambda: broker.exit_code() is not None)
            eventually(lambda: worker.exit_code() is not None or worker.entries("waker.broker_away"))
            broker.revive()
            ids = accepted.result()
            records = _settled_under_supervision(system, worker, ids)
        compare_books(records, shop, partners)


def _settled_under_supervision(system: System, worker: WorkerProcess, ids: list[str]) -> list[Record]:
    """Celery's worker may end when its broker vanishes; whoever supervises it starts it again."""

    def settled() -> bool:
        if worker.exit_code() is not None:
            worker.launch()
        return [record.state in DONE for record in system.records(ids)] == [True] * len(ids)

    eventually(settled, within=SETTLED_WITHIN)
    return system.records(ids)
