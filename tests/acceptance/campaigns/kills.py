"""kill -9 of workers at any moment: while they start, as soon as they are ready, and in the middle of their calls."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Pace, Traffic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes
    from tests.acceptance.campaigns.supervision import Supervisor

_STARTING: Final = 1.5  # seconds within which one that starts may be killed
_WORKING: Final = 1.0  # seconds of work within which one that works may be, early more often than late
_STARTS_KILLED: Final = 0.2
_PATIENCE: Final = 60.0  # seconds; what a killed worker had in hand goes back after ten
_LATENCY: Final = {"SLOW@0.02": 0.4, "SLOW@0.1": 0.2, "+SLOW@0.1": 0.2, "SLOW@0.4": 0.05, "+SLOW@0.4": 0.05}


def kills(directory: Path, sizes: Sizes, workers: int = 3) -> Report:
    """kill -9 of workers at random moments under load; each is started again at once."""
    with Stage(directory, sizes) as stage:
        stage.partners.mix(_LATENCY, sizes.seed)
        orders, pace = make_orders(sizes.orders, stage.shops, sizes.seed), Pace(sizes.faults)
        with (
            stage.workers(workers) as supervisor,
            Traffic(stage.system, orders, lambda: pace.share) as traffic,
        ):
            for _ in range(sizes.faults):
                _kill_one(stage, supervisor, pace)
            traffic.finish()
            stage.until_settled(traffic, _PATIENCE)
        return stage.report("kills", traffic)


def _kill_one(stage: Stage, supervisor: Supervisor, pace: Pace) -> None:
    worker = stage.chance.choice(supervisor.workers)
    if stage.chance.random() < _STARTS_KILLED:
        wait = stage.chance.uniform(0, _STARTING)
    else:
        supervisor.until_ready(worker)
        wait = _WORKING * stage.chance.random() ** 3
    pace.step()
    time.sleep(wait)
    stage.faults["killed at work" if worker.is_ready() else "killed while starting"] += 1
    supervisor.kill(worker)
