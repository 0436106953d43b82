"""The HTTP door under load while it is killed and stopped, and its broker is killed, frozen, full or refuses.

The broker writes before it answers (`appendfsync always`), so that what a 202 promised survives every kill of it.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.supervision import Supervisor
from tests.acceptance.campaigns.web_traffic import WebTraffic
from tests.acceptance.kit import broker_faults
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes
    from tests.acceptance.kit import WebProcess

_DOORS: Final = 2
_BEFORE: Final = (0.0, 0.4)  # seconds of work before a fault
_AWAY: Final = (0.1, 1.0)  # seconds
_PATIENCE: Final = 90.0
_SETTINGS: Final = {"WEB__ORDERS_PER_SECOND": "0"}
_OF_THE_BROKER: Final[Mapping[str, Callable[[EmbeddedValkey], AbstractContextManager[None]]]] = {
    "broker killed": broker_faults.killed,
    "broker held still": broker_faults.held_still,
    "broker full": broker_faults.memory_full,
    "broker read-only": broker_faults.read_only,
    "broker denies": broker_faults.denied,
}
FAULTS: Final = ("door killed", "door stopped by SIGTERM", *_OF_THE_BROKER)
"""All kinds; each comes as often as the others."""


def web(directory: Path, sizes: Sizes) -> Report:
    """kill -9 and SIGTERM of HTTP doors under load, and of their broker kill -9, a freeze, no memory, no rights."""
    with (
        EmbeddedValkey(directory / "broker", fsync="always") as broker,
        Stage(directory, sizes, _SETTINGS, broker=broker) as stage,
    ):
        orders = make_orders(sizes.orders, stage.shops, sizes.seed)
        doors = [stage.system.web(f"web{number}") for number in range(_DOORS)]
        ports = [door.port for door in doors]
        with stage.workers(1), Supervisor(doors) as doorkeeper:
            doorkeeper.until_all_ready()
            with WebTraffic(ports, orders, stage.shops, sizes.seed, stage.share_of_faults) as traffic:
                _harm(stage, doorkeeper)
                traffic.finish()
                stage.until_settled(traffic, _PATIENCE)
        stage.measured["batches given up"] = len(traffic.given_up)
        stage.measured["doors that ended by themselves"] = dict(doorkeeper.exits)
        report = stage.report("web", traffic)
    evidence = replace(report.evidence, given_up=traffic.given_up, wrong_answers=traffic.wrong_answers)
    return replace(report, evidence=evidence)


def _harm(stage: Stage, doorkeeper: Supervisor[WebProcess]) -> None:
    waiting: list[str] = []
    stage.measured["stops with a status other than 0"] = 0
    for _ in range(stage.sizes.faults):
        if not waiting:
            waiting = list(FAULTS)
            stage.chance.shuffle(waiting)
        name = waiting.pop()
        time.sleep(stage.chance.uniform(*_BEFORE))
        _do(name, stage, doorkeeper)
        stage.faults[name] += 1


def _do(name: str, stage: Stage, doorkeeper: Supervisor[WebProcess]) -> None:
    door = stage.chance.choice(doorkeeper.workers)
    if name == "door killed":
        doorkeeper.kill(door)
    elif name == "door stopped by SIGTERM":
        doorkeeper.until_ready(door)
        _, status = doorkeeper.roll(door, door)
        stage.measured["stops with a status other than 0"] += status != 0
    else:
        with _OF_THE_BROKER[name](stage.broker):
            time.sleep(stage.chance.uniform(*_AWAY))
