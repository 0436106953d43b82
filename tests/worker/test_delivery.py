"""Messages on the lean way to a thread are still Celery's: an operator can look at them, revoke them and slow them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tasks.identity import task_id
from tasks.ledger import State
from tests.acceptance.kit import Shop, System, WorkerProcess
from tests.acceptance.kit.events import code, order
from tests.acceptance.kit.polling import eventually
from tests.worker.apps import running
from worker.dev.sandbox import Sandbox

SHOP = Shop("uk", number="4711", api_key="key-of-uk")


@pytest.fixture
def partners() -> Iterator[Sandbox]:
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture
def system(broker_url: str, partners: Sandbox, tmp_path: Path) -> Iterator[System]:
    settings = {"PARTNERS__SOVENDUS__READ_TIMEOUT": "5s"}
    with System(broker_url, partners.url, [SHOP], tmp_path, settings) as made:
        yield made


@pytest.fixture
def worker(system: System) -> Iterator[WorkerProcess]:
    with system.worker() as running_worker:
        yield running_worker


def test_an_operator_sees_revokes_and_slows_tasks(system: System, worker: WorkerProcess, partners: Sandbox) -> None:
    revoked = "sovendus:uk:R:REVOKED"
    with running(system.broker_url) as app:
        control: Any = app.control
        partners.fail("HANG", times=1, account=SHOP.number)
        (hanging,) = system.send(order(SHOP, "H", code("HANGS")))
        eventually(lambda: partners.calls(account=SHOP.number), what="a call under way")
        (active,) = control.inspect(timeout=5).active()[worker.node]
        assert (active["name"], active["id"], active["args"]) == (
            "sovendus.redeem",
            task_id(hanging),
            f"('{hanging}',)",
        )

        control.revoke(task_id(revoked), reply=True, timeout=5)
        assert system.send(order(SHOP, "R", code("REVOKED"))) == [revoked]
        eventually(lambda: "Discarding revoked task" in worker.said(), what="the revoked one")
        control.rate_limit("sovendus.redeem", "100/s", reply=True, timeout=5)
        (slowed,) = system.send(order(SHOP, "S", code("SLOWED")))
        assert [one.state for one in system.until_settled([slowed])] == [State.REDEEMED]
    assert system.ledger.find(revoked).state is State.QUEUED  # type: ignore[union-attr]  # it was opened
    assert "Traceback" not in worker.said()
