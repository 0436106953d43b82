"""Supervisors can tell a worker that hangs, which ends by itself, from one that works or was held still."""

from __future__ import annotations

import os
import signal
import time
from datetime import datetime
from typing import TYPE_CHECKING

import psutil
import pytest

from tasks.ledger import State
from tests.acceptance.kit import Shop, code, eventually, order
from worker.liveness import HUNG

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.kit import System
    from tests.acceptance.kit.signs import Signs
    from worker.dev.sandbox import Sandbox

QUICK = {"HUNG_AFTER": "3s"}


def test_a_worker_that_hangs_ends_and_says_where(make: Callable[..., System], signs: Signs) -> None:
    system = make(**QUICK)
    system.environment |= signs.hanging()
    with system.worker() as worker:
        signs.until_touched_again(worker)
        assert signs.say_it_is_well()
        worker.signal(signal.SIGUSR2)
        eventually(lambda: worker.exit_code() is not None, what="the end")
        assert worker.exit_code() == HUNG
    (told,) = worker.entries("worker.hung")
    assert told["error"] == "the main thread has made no progress for 3 s"
    assert "in hang_for_good" in told["stack"]
    assert "Thread waker" in told["stack"]

    # It went stale before: not touched in any of the looks that found no progress, which are a second apart.
    ended = datetime.fromisoformat(told["ts"]).timestamp()
    assert ended - signs.touched() / 1e9 > 2
    os.utime(signs.alive, (time.time() - 180,) * 2)
    assert not signs.say_it_is_well()
    signs.alive.unlink()
    assert not signs.say_it_is_well()


def test_a_worker_that_hangs_with_the_logs_lock_ends_and_says_where(make: Callable[..., System], signs: Signs) -> None:
    system = make(**QUICK)
    system.environment |= signs.hanging("with the log")
    with system.worker() as worker:
        worker.signal(signal.SIGUSR2)
        eventually(lambda: worker.exit_code() is not None, what="the end")
        assert worker.exit_code() == HUNG
    assert not worker.entries("worker.hung")
    assert "worker.hung: the main thread has made no progress for 3 s" in worker.said()
    assert "in hang_for_good" in worker.said()


def test_a_waker_that_hangs_is_given_more_time_but_not_for_ever(make: Callable[..., System], signs: Signs) -> None:
    system = make(**QUICK)
    system.environment |= signs.hanging("waker")
    with system.worker() as worker:
        worker.signal(signal.SIGUSR2)
        eventually(lambda: worker.exit_code() is not None, what="the end")
        assert worker.exit_code() == HUNG
    (told,) = worker.entries("worker.hung")
    assert told["error"] == "the waker has made no progress for 9 s"


def test_a_worker_held_still_beyond_the_limit_goes_on(make: Callable[..., System], signs: Signs) -> None:
    shop = Shop("frozen", number="6002", api_key="key-of-frozen")
    system = make(shop, **QUICK)
    with system.worker() as worker:
        signs.until_touched_again(worker)
        pid = worker.pid
        worker.signal(signal.SIGSTOP)
        eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        held = time.monotonic()
        eventually(lambda: time.monotonic() - held > 5, what="more than the limit gone by")
        worker.signal(signal.SIGCONT)
        for _ in range(4):
            signs.until_touched_again(worker)
        (record,) = system.until_settled(system.send(order(shop, "1", code("FROZEN"))))
        assert record.state is State.REDEEMED
        assert worker.stop() == 0


@pytest.mark.parametrize("pool", ["solo", "threads"])
def test_a_long_call_is_no_hang(make: Callable[..., System], partners: Sandbox, pool: str) -> None:
    shop = Shop(f"long-{pool}", number=f"6003{len(pool)}", api_key=f"key-of-{pool}")
    partners.fail("SLOW@5", times=1, account=shop.number)
    system = make(shop, PARTNERS__SOVENDUS__READ_TIMEOUT="20s", **QUICK)
    with system.worker("worker", "-P", pool) as worker:
        ids = system.send(order(shop, "1", code(f"LONG-{pool}")))
        partners.wait_for_calls(1, account=shop.number)
        if pool == "threads":
            assert worker.stop() == 0, "a stop that takes longer than the limit"
        records = system.until_settled(ids)
        assert [(record.state, record.attempts) for record in records] == [(State.REDEEMED, 1)]
        assert not worker.entries("worker.hung")


def test_a_file_that_cannot_be_written_stops_the_start(make: Callable[..., System], tmp_path: Path) -> None:
    worker = make(LIVENESS_FILE=str(tmp_path / "nowhere" / "alive")).worker()
    worker.launch()
    try:
        eventually(lambda: worker.exit_code() is not None)
        assert worker.exit_code() == 1
        assert "redeem: REDEEM_LIVENESS_FILE: cannot be written: No such file or directory" in worker.said()
        assert "Traceback" not in worker.said()
    finally:
        worker.kill()
