"""kill -9 of the broker under load, again and again; workers that end or go deaf over it are counted and explained."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import EMIT, SEND_TASK, Traffic
from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.deafness import listens, stacks, telling_where_they_hang

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes
    from tests.acceptance.campaigns.supervision import Supervisor
    from tests.acceptance.kit import WorkerProcess

_WORKERS: Final = 2
_BEFORE: Final = (0.2, 1.5)  # seconds of work before a kill
_AWAY: Final = (0.0, 2.0)  # seconds
_DEAF_AFTER: Final = 30.0  # seconds with the broker back; Celery waits 8 at the most between its tries
_AT_ONCE: Final = 0.25  # the share of kills that do not wait until the workers are back from the last one
_PATIENCE: Final = 180.0  # seconds; what a killed worker had booked comes back after two minutes
_LATENCY: Final = {"SLOW@0.02": 0.4, "SLOW@0.1": 0.2, "+SLOW@0.1": 0.2, "SLOW@0.4": 0.05, "+SLOW@0.4": 0.05}


def brokers(directory: Path, sizes: Sizes, doors: Sequence[str] = (EMIT, SEND_TASK)) -> Report:
    """kill -9 of the broker under load, and its restart up to two seconds later; workers that fall silent are shown."""
    with Stage(directory, sizes) as stage:
        stage.system.environment = telling_where_they_hang(directory, stage.system.environment)
        stage.partners.mix(_LATENCY, sizes.seed)
        orders = make_orders(sizes.orders, stage.shops, sizes.seed)
        stage.measured["workers gone deaf"] = 0
        with (
            stage.workers(_WORKERS) as supervisor,
            Traffic(stage.system, orders, stage.share_of_faults, doors) as traffic,
        ):
            _until_all_listen(stage, supervisor)
            for _ in range(sizes.faults):
                time.sleep(stage.chance.uniform(*_BEFORE))
                with broker_faults.killed(stage.broker):
                    time.sleep(stage.chance.uniform(*_AWAY))
                stage.faults["broker killed"] += 1
                if stage.chance.random() >= _AT_ONCE:
                    _until_all_listen(stage, supervisor)
            _until_all_listen(stage, supervisor)
            traffic.finish()
            stage.until_settled(traffic, _PATIENCE)
        return stage.report("brokers", traffic)


def _until_all_listen(stage: Stage, supervisor: Supervisor) -> None:
    """Return once every worker waits for messages again; one that does not is shown, and killed as a watchdog would."""
    deaf, since = list(supervisor.workers), dict[int, float]()
    while deaf := [worker for worker in deaf if not listens(worker, stage.broker)]:
        for worker in deaf:
            if time.monotonic() - since.setdefault(worker.pid, time.monotonic()) > _DEAF_AFTER:
                _show(stage, worker)
                supervisor.kill(worker)
        time.sleep(0.1)


def _show(stage: Stage, worker: WorkerProcess) -> None:
    stage.measured["workers gone deaf"] += 1
    (stage.directory / f"deaf-{stage.measured['workers gone deaf']}.txt").write_text(stacks(worker))
