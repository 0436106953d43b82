"""A broker that is away, mute, full or read-only: what was accepted waits and goes on, what was not is said so."""

from __future__ import annotations

import itertools
import json
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from config.celery_options import CONCURRENCY
from tasks.ledger import State
from tasks.redeeming import lease_for
from tests.acceptance.campaigns.brokers import brokers
from tests.acceptance.campaigns.disks import disks, disks_of_redis
from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, code, eventually, order
from tests.acceptance.kit.brokerless import FAULTS, Stand
from tests.tools import REDIS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.kit import WorkerProcess
    from worker.dev.sandbox import Sandbox

SHOP = Shop("faulty", number="5001", api_key="key-of-faulty")
DONE = {State.REDEEMED, State.PRESUMED}
NUMBERS = itertools.count()


@pytest.fixture(scope="module")
def module_stand(partners: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stand]:
    with Stand(tmp_path_factory.mktemp("stand"), partners.url, [SHOP], FAST) as stand:
        yield stand


@pytest.fixture(scope="module")
def module_worker(module_stand: Stand) -> Iterator[WorkerProcess]:
    with module_stand.system.worker() as worker:
        yield worker


@pytest.fixture
def stand(module_stand: Stand, partners: Sandbox) -> Iterator[Stand]:
    yield module_stand
    for account in (SHOP.number, SHOP.api_key):
        partners.clear_faults(account=account)


@pytest.fixture
def worker(stand: Stand, module_worker: WorkerProcess) -> WorkerProcess:
    """One worker for all faults, which it must outlive; whatever a failed test has left of it is started anew."""
    if module_worker.exit_code() is not None:
        module_worker.start()
    stand.until_settled(module_worker, stand.books.send(*orders(1)))
    return module_worker


def orders(count: int) -> list[dict[str, Any]]:
    """Orders that no other test has, with a code of each partner."""
    numbers = [f"NUMBER-{next(NUMBERS)}" for _ in range(count)]
    return [order(SHOP, n, code(f"FAULTY-S{n}"), code(f"FAULTY-U{n}", "uniqodo")) for n in numbers]


def calls(partners: Sandbox, ids: Sequence[str]) -> list[Any]:
    """The calls that were made for these redemptions."""
    numbers = {id_.split(":")[2] for id_ in ids}
    found = [*partners.calls(account=SHOP.number), *partners.calls(account=SHOP.api_key)]
    return [call for call in found if call.order_id in numbers]


def dead_letters(stand: Stand) -> list[str]:
    """The ids of all there are."""
    ledger = stand.books.ledger
    found: list[str] = ledger.redis.zrange(ledger.key("dead"), 0, -1)
    return found


def slow(partners: Sandbox, seconds: float) -> None:
    """Partners act at once, and answer so much later."""
    for account in (SHOP.number, SHOP.api_key):
        partners.fail(f"+SLOW@{seconds}", account=account)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_yes_waits_to_be_recorded_and_what_is_queued_goes_out_afterwards(
    fault: str, stand: Stand, worker: WorkerProcess, partners: Sandbox
) -> None:
    slow(partners, 0.8)
    answered = stand.books.send(*orders(3))
    eventually(lambda: len(calls(partners, answered)) == len(answered), what="all calls under way")
    queued = stand.books.send(*orders(3))
    with stand.fault(fault):
        eventually(lambda: all(call.answered for call in calls(partners, answered)), what="all answered")
        time.sleep(1)  # the fault's own length: every answer is to be recorded now
    partners.clear_faults(account=SHOP.number)
    partners.clear_faults(account=SHOP.api_key)
    records = stand.until_settled(worker, answered)
    assert {(record.state, record.attempts) for record in records} == {(State.REDEEMED, 1)}
    assert len(calls(partners, answered)) == len(answered)
    assert {record.state for record in stand.until_settled(worker, queued)} <= DONE
    assert dead_letters(stand) == []


def test_a_yes_waits_out_an_outage_that_is_longer_than_its_lease(
    stand: Stand, worker: WorkerProcess, partners: Sandbox
) -> None:
    slow(partners, 1.5)
    ids = stand.books.send(*orders(2))
    eventually(lambda: len(calls(partners, ids)) == len(ids), what="all calls under way")
    leases_end = time.monotonic() + lease_for(2.0)
    with stand.fault("unreachable"):
        eventually(lambda: time.monotonic() > leases_end, what="every lease run out")
    records = stand.until_settled(worker, ids)
    assert {(record.state, record.attempts) for record in records} == {(State.REDEEMED, 1)}
    assert len(calls(partners, ids)) == len(ids)


def test_connections_cut_at_random_lose_and_double_nothing(
    stand: Stand, worker: WorkerProcess, partners: Sandbox
) -> None:
    chance = random.Random(7)
    events, celery = orders(20), orders(20)
    with ThreadPoolExecutor() as doors:
        taken, sent = doors.submit(stand.system.emit, *events), doors.submit(stand.books.send, *celery)
        for cut in range(12):
            time.sleep(chance.uniform(0.05, 0.3))
            stand.wire.cut(reset=bool(cut % 2), share=0.6, chance=chance)
        ids = [*taken.result(), *sent.result()]
    records = stand.until_settled(worker, ids)
    assert {record.state for record in records} == {State.REDEEMED}
    assert all(record.attempts == 1 or record.ambiguous for record in records)
    assert dead_letters(stand) == []
    assert len(calls(partners, ids)) == sum(record.attempts for record in records)


def test_kill_9_of_the_broker_under_load(tmp_path: Path) -> None:
    report = brokers(tmp_path, Sizes(orders=40, faults=2))
    assert report.findings == [], "\n".join(report.lines())
    assert report.faults == {"broker killed": 2}
    assert report.measured["workers gone deaf"] == 0


@pytest.mark.parametrize(
    "campaign",
    [
        disks,
        pytest.param(disks_of_redis, marks=pytest.mark.skipif(REDIS is None, reason="needs Debian's redis-server")),
    ],
)
def test_a_disk_that_was_full_before_the_broker_was_killed(
    campaign: Callable[[Path, Sizes], Report], tmp_path: Path
) -> None:
    report = campaign(tmp_path, Sizes(orders=40, faults=2))
    assert report.findings == [], "\n".join(report.lines())
    assert sum(report.faults.values()) == 2
    assert report.measured["starts that found a hole"] > 0


def test_a_full_memory_is_drained_by_a_worker_that_runs(stand: Stand, worker: WorkerProcess, partners: Sandbox) -> None:
    for account in (SHOP.number, SHOP.api_key):
        partners.fail("503", times=5, account=account)  # too few to open a breaker: these are retries that are rung
    worker.signal(signal.SIGSTOP)
    ids = stand.books.emit(*orders(8))
    waiting = stand.books.send(*orders(CONCURRENCY + 8))  # more than there are threads to wait in
    with stand.fault("memory full"):
        refused = _refusals(stand)
        worker.signal(signal.SIGCONT)
        records = stand.until_settled(worker, ids)
        assert {record.state for record in records} == {State.REDEEMED}
        assert stand.books.records(waiting) == [], "there is no room for these"
        before, began = _refusals(stand), time.monotonic()
        eventually(lambda: time.monotonic() > began + 2)
        rate = (_refusals(stand) - before) / (time.monotonic() - began)
        assert _refusals(stand) > refused, "nothing was refused: the memory was not full"
    assert {record.state for record in stand.until_settled(worker, waiting)} == {State.REDEEMED}
    assert rate < 50, f"{rate:.0f} refused commands a second: a hot loop"
    assert dead_letters(stand) == []


def test_a_full_memory_is_drained_by_a_worker_that_starts(stand: Stand, worker: WorkerProcess) -> None:
    assert worker.stop() == 0
    ids, waiting = stand.books.emit(*orders(4)), stand.books.send(*orders(2))
    with stand.fault("memory full"):
        worker.start()
        assert {record.state for record in stand.until_settled(worker, ids)} == {State.REDEEMED}
        assert stand.books.records(waiting) == []
    assert {record.state for record in stand.until_settled(worker, waiting)} == {State.REDEEMED}


def _refusals(stand: Stand) -> int:
    """Commands that the broker refused for want of memory."""
    return int(stand.books.ledger.redis.info("errorstats").get("errorstat_OOM", {"count": 0})["count"])


REFUSALS = {
    "memory full": "used memory > 'maxmemory'",
    "read-only": "read only replica",
    "disk full": "MISCONF Errors writing to the AOF file",
    "half-open": "Timeout",
    "unreachable": "Connection refused",
}


def test_a_door_that_cannot_take_an_order_says_why_and_names_it(
    partners: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    def said_under(fault: str) -> tuple[list[dict[str, Any]], str, bool]:
        with Stand(tmp_path_factory.mktemp("door"), partners.url, [SHOP], FAST) as stand:
            offered = orders(2)
            with stand.fault(fault):
                complaint = stand.system.complaint(
                    "emit", "--patience", "1", "-", stdin="\n".join(map(json.dumps, offered))
                )
            return offered, complaint, bool(list(stand.books.ledger.redis.scan_iter("redeem:redemption:*")))

    with ThreadPoolExecutor(len(REFUSALS)) as doors:
        outcomes = dict(zip(REFUSALS, doors.map(said_under, REFUSALS), strict=True))
    for fault, (_, complaint, kept) in outcomes.items():
        assert REFUSALS[fault] in complaint, fault
        assert not kept, fault
    for fault, (offered, complaint, _) in outcomes.items():
        assert offered[0]["order_id"] in complaint, (fault, complaint)
