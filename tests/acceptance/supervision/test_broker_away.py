"""A broker that goes and comes: its worker waits in good health, says so, and is back at once."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING

from tasks.ledger import State
from tests.acceptance.kit import Shop, code, eventually, order
from tests.acceptance.kit.broker_faults import killed

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.kit import System
    from tests.acceptance.kit.signs import Signs
    from worker.dev.broker import EmbeddedValkey
    from worker.dev.sandbox import Sandbox

KILLS = 4
PATIENT = {"HUNG_AFTER": "5s"}


def heard(systemd: socket.socket) -> list[str]:
    """What a worker has told it since the last look."""
    lines: list[str] = []
    with contextlib.suppress(BlockingIOError):
        while True:
            lines += systemd.recv(200).decode().splitlines()
    return lines


def test_a_worker_whose_broker_is_away_is_well_but_not_ready(
    make: Callable[..., System], broker: EmbeddedValkey, signs: Signs, systemd: socket.socket, short_path: Path
) -> None:
    shop = Shop("waiting", number="6001", api_key="key-of-waiting")
    system = make(shop, **PATIENT)
    system.environment["NOTIFY_SOCKET"] = str(short_path / "notify")
    with system.worker() as worker:
        eventually(signs.ready.exists)
        eventually(lambda: "STATUS=Consumes" in heard(systemd))
        with killed(broker):
            eventually(lambda: not signs.ready.exists())
            eventually(lambda: "STATUS=Waits for its broker" in heard(systemd))
            for _ in range(7):  # looks; more than it is allowed in vain
                signs.until_touched_again(worker)
            assert set(heard(systemd)) == {"WATCHDOG=1"}
            assert not signs.ready.exists()
        eventually(signs.ready.exists)
        (record,) = system.until_settled(system.send(order(shop, "1", code("WAITED"))))
        assert record.state is State.REDEEMED
        assert [len(worker.entries(event)) for event in ("broker.away", "broker.back")] == [1, 1]
        assert "Trying" not in worker.said()
        assert worker.stop() == 0
    assert {"STOPPING=1", "STATUS=Consumes"} <= set(heard(systemd))
    assert not signs.alive.exists()
    assert not signs.ready.exists()


def test_a_worker_may_start_and_stop_without_a_broker(
    make: Callable[..., System], broker: EmbeddedValkey, signs: Signs
) -> None:
    with killed(broker):
        worker = make(**PATIENT).worker()
        try:
            worker.launch()
            eventually(signs.alive.exists, what="the start")
            eventually(lambda: worker.entries("broker.away"))
            signs.until_touched_again(worker)
            assert worker.stop() == 0
        finally:
            worker.kill()
    assert not signs.alive.exists()


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
