"""Supervisors can tell a worker that hangs from one that waits: the first ends by itself, the second comes back."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import psutil
import pytest

from tasks.ledger import State
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System, code, eventually, order
from tests.acceptance.kit.broker_faults import killed
from worker.dev.broker import EmbeddedValkey
from worker.liveness import HUNG

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.acceptance.kit import WorkerProcess
    from worker.dev.sandbox import Sandbox

KILLS = 4
PATIENT = {"HUNG_AFTER": "5s"}
QUICK = {"HUNG_AFTER": "2s"}
HANG = """
import logging, os, signal, time

def hang_for_good(*_):
    if os.environ.get("HANG_WITH_THE_LOG"):
        for handler in logging.getLogger().handlers:
            handler.acquire()
    while True:
        time.sleep(60)

signal.signal(signal.SIGUSR2, hang_for_good)
"""


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    """One that may be killed."""
    with EmbeddedValkey(tmp_path / "broker") as own:
        yield own


@pytest.fixture
def make(broker: EmbeddedValkey, partners: Sandbox, tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Makes a system on `broker` whose worker shows files, and hangs on SIGUSR2; arguments as `System`'s."""
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(HANG)
    made: list[System] = []

    def system(*shops: Shop, **settings: str) -> System:
        files = {"LIVENESS_FILE": str(tmp_path / "alive"), "READINESS_FILE": str(tmp_path / "ready")}
        one = System(broker.url, partners.url, shops, tmp_path, FAST | files | settings)
        one.environment |= {"PYTHONPATH": str(tmp_path / "site"), "NOTIFY_SOCKET": str(tmp_path / "notify")}
        made.append(one)
        return one

    yield system
    for one in made:
        one.__exit__(None, None, None)


@pytest.fixture
def systemd(tmp_path: Path) -> Iterator[socket.socket]:
    """The socket that systemd gives to a service; `make`'s workers talk to it."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)  # noqa: FBT003 - the standard library's signature
        yield listening


def redeemed(system: System, event: dict[str, object]) -> bool:
    """Whether an order sent now ends well."""
    return {record.state for record in system.until_settled(system.send(event))} == {State.REDEEMED}


def touched(directory: Path) -> int:
    return (directory / "alive").stat().st_mtime_ns


def until_touched_again(worker: WorkerProcess, directory: Path) -> None:
    before = touched(directory)
    eventually(lambda: worker.exit_code() is not None or touched(directory) > before, what="a sign of life")
    assert worker.exit_code() is None, worker.said()


def probe() -> str:
    """The line that the documentation gives to Kubernetes."""
    text = (Path(__file__).parents[2] / "docs" / "supervision.md").read_text("utf-8")
    (line,) = re.findall(r"livenessProbe:\s+exec: \{command: \[sh, -c, '(.+)'\]\}", text)
    return str(line)


def says_it_is_well(directory: Path) -> bool:
    """What the documentation gives to Kubernetes."""
    text = (Path(__file__).parents[2] / "docs" / "supervision.md").read_text("utf-8")
    (probe,) = re.findall(r"livenessProbe:\s+exec: \{command: \[sh, -c, '(.+)'\]\}", text)
    line = probe.replace("/tmp/alive", str(directory / "alive"))
    return subprocess.run(["sh", "-c", line], check=False, stderr=subprocess.DEVNULL).returncode == 0


def test_a_worker_that_hangs_ends_and_says_where(make: Callable[..., System], tmp_path: Path) -> None:
    with make(**QUICK).worker() as worker:
        until_touched_again(worker, tmp_path)
        assert says_it_is_well(tmp_path)
        hung_at = time.time_ns()
        worker.signal(signal.SIGUSR2)
        eventually(lambda: worker.exit_code() is not None, what="the end")
        assert worker.exit_code() == HUNG
    (told,) = worker.entries("worker.hung")
    assert told["error"] == "the main thread has made no progress for 2 s"
    assert "in hang_for_good" in told["stack"]
    assert "Thread waker" in told["stack"]

    # It went stale before: the mark that was made last may be told one look later, and nothing after that.
    assert touched(tmp_path) < hung_at + 2e9
    os.utime(tmp_path / "alive", (time.time() - 180,) * 2)
    assert not says_it_is_well(tmp_path)
    (tmp_path / "alive").unlink()
    assert not says_it_is_well(tmp_path)


def test_a_worker_that_hangs_with_the_logs_lock_ends_without_a_word(make: Callable[..., System]) -> None:
    system = make(**QUICK)
    system.environment["HANG_WITH_THE_LOG"] = "yes"
    with system.worker() as worker:
        worker.signal(signal.SIGUSR2)
        eventually(lambda: worker.exit_code() is not None, what="the end")
        assert worker.exit_code() == HUNG
        assert not worker.entries("worker.hung")


def heard(systemd: socket.socket) -> list[str]:
    """What a worker has told it since the last look."""
    lines: list[str] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            lines += systemd.recv(200).decode().splitlines()
    return lines


def test_a_worker_whose_broker_is_away_is_well_but_not_ready(
    make: Callable[..., System], broker: EmbeddedValkey, tmp_path: Path, systemd: socket.socket
) -> None:
    shop = Shop("waiting", number="6001", api_key="key-of-waiting")
    system = make(shop, **PATIENT)
    with system.worker() as worker:
        eventually((tmp_path / "ready").exists)
        eventually(lambda: "STATUS=Consumes" in heard(systemd))
        with killed(broker):
            eventually(lambda: not (tmp_path / "ready").exists())
            eventually(lambda: "STATUS=Waits for its broker" in heard(systemd))
            for _ in range(7):  # looks; more than it is allowed in vain
                until_touched_again(worker, tmp_path)
            assert set(heard(systemd)) == {"WATCHDOG=1"}
            assert not (tmp_path / "ready").exists()
        eventually((tmp_path / "ready").exists)
        assert redeemed(system, order(shop, "1", code("WAITED")))
        assert [len(worker.entries(event)) for event in ("broker.away", "broker.back")] == [1, 1]
        assert "Trying" not in worker.said()
        assert worker.stop() == 0
    assert {"STOPPING=1", "STATUS=Consumes"} <= set(heard(systemd))
    assert not (tmp_path / "alive").exists()
    assert not (tmp_path / "ready").exists()


def test_a_worker_may_start_and_stop_without_a_broker(
    make: Callable[..., System], broker: EmbeddedValkey, tmp_path: Path
) -> None:
    with killed(broker):
        worker = make(**PATIENT).worker()
        try:
            worker.launch()
            eventually((tmp_path / "alive").exists, what="the start")
            eventually(lambda: worker.entries("broker.away"))
            until_touched_again(worker, tmp_path)
            assert worker.stop() == 0
        finally:
            worker.kill()
    assert not (tmp_path / "alive").exists()


def test_a_worker_held_still_beyond_the_limit_goes_on(make: Callable[..., System], tmp_path: Path) -> None:
    shop = Shop("frozen", number="6002", api_key="key-of-frozen")
    system = make(shop, **QUICK)
    with system.worker() as worker:
        until_touched_again(worker, tmp_path)
        pid = worker.pid
        worker.signal(signal.SIGSTOP)
        eventually(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        held = time.monotonic()
        eventually(lambda: time.monotonic() - held > 4, what="twice the limit gone by")
        worker.signal(signal.SIGCONT)
        for _ in range(4):
            until_touched_again(worker, tmp_path)
        assert redeemed(system, order(shop, "1", code("FROZEN")))
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


def test_a_broker_that_dies_again_and_again_does_no_harm_to_its_worker(
    make: Callable[..., System], broker: EmbeddedValkey, partners: Sandbox
) -> None:
    shop = Shop("stormy", number="6005", api_key="key-of-stormy")
    partners.mix({"SLOW@0.3": 0.5, "503": 0.4}, 1, account=shop.number)
    system = make(shop, **PATIENT)
    with system.worker() as worker:
        pid = worker.pid
        ids = system.emit(*(order(shop, f"{n}", code(f"STORM-{n}")) for n in range(100)))
        for kill in range(KILLS):
            with killed(broker):
                pass
            eventually(lambda kill=kill: len(worker.entries("broker.back")) > kill)  # type: ignore[misc]  # the loop's
        assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
        assert (worker.exit_code(), worker.pid) == (None, pid)
        with killed(broker):
            eventually(lambda: len(worker.entries("broker.away")) > KILLS)
            assert worker.stop() == 0


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


def test_prefork_children_leave_the_files_alone(make: Callable[..., System], tmp_path: Path) -> None:
    with make(**PATIENT).worker("worker", "-P", "processes", "-c", "2") as worker:
        eventually((tmp_path / "ready").exists)
        children = psutil.Process(worker.pid).children()
        assert len(children) == 2
        for child in children:
            child.terminate()
        psutil.wait_procs(children, timeout=20)
        assert (tmp_path / "ready").exists()
        until_touched_again(worker, tmp_path)
