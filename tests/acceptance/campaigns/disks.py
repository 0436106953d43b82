"""A disk that is full while orders come in, room again, and kill -9 of the broker: nothing it had accepted is gone."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Pace, Traffic
from tests.acceptance.kit import broker_faults
from tests.tools import REDIS
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes

_WORKERS: Final = 2
_WORK: Final = (0.2, 1.0)  # seconds before, and after
_FULL: Final = (0.3, 1.5)  # seconds
_AWAY: Final = (0.0, 1.0)  # seconds
_ROOM: Final = 60  # bytes at most: less than a command takes
_WRITTEN_ANEW_EVERY: Final = 4  # faults: after one of so many an operator does what the page says
_PATIENCE: Final = 120.0  # seconds
_LATENCY: Final = {"SLOW@0.02": 0.4, "SLOW@0.1": 0.2, "+SLOW@0.1": 0.2, "SLOW@0.4": 0.05, "+SLOW@0.4": 0.05}


def disks(directory: Path, sizes: Sizes, binary: Path | None = None) -> Report:
    """The broker's disk full under load, room again, then kill -9: a hole in its file is taken out at the start."""
    said: list[str] = []
    with (
        EmbeddedValkey(directory / "broker", binary=binary, say=said.append) as broker,
        Stage(directory, sizes, broker=broker) as stage,
    ):
        stage.partners.mix(_LATENCY, sizes.seed)
        orders, pace = make_orders(sizes.orders, stage.shops, sizes.seed), Pace(2 * sizes.faults)
        with (
            stage.workers(_WORKERS) as supervisor,
            Traffic(stage.system, orders, lambda: pace.share) as traffic,
        ):
            supervisor.until_all_ready()
            for number in range(1, sizes.faults + 1):
                _fill_and_kill(stage, pace, written_anew=number % _WRITTEN_ANEW_EVERY == 0)
            traffic.finish()
            stage.until_settled(traffic, _PATIENCE)
        stage.measured["starts that found a hole"] = len(said)
        return stage.report("disks" if binary is None else "disks-redis", traffic)


def disks_of_redis(directory: Path, sizes: Sizes) -> Report:
    """The same with Debian's redis-server."""
    return disks(directory, sizes, Path(REDIS or "redis-server"))


def _fill_and_kill(stage: Stage, pace: Pace, *, written_anew: bool) -> None:
    broker_faults.rewrite(stage.broker)  # only a file that a rewrite has opened gets a hole
    pace.step()
    time.sleep(stage.chance.uniform(*_WORK))
    with broker_faults.disk_was_full(stage.broker, room=stage.chance.randint(1, _ROOM)):
        pace.step()
        time.sleep(stage.chance.uniform(*_FULL))
    time.sleep(stage.chance.uniform(*_WORK))
    if written_anew:
        broker_faults.rewrite(stage.broker)
    with broker_faults.killed(stage.broker):
        time.sleep(stage.chance.uniform(*_AWAY))
    stage.faults["disk full, written anew, broker killed" if written_anew else "disk full, broker killed"] += 1
