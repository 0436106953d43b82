"""The SQL outbox on all databases at once, several relays each, while relays, databases and broker are killed.

The broker writes before it answers (`appendfsync always`), so that what a row was marked as sent for survives.
"""

from __future__ import annotations

import contextlib
import signal
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.erp import Erp, Erps
from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.supervision import Supervisor
from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.nursery import Nursery
from tests.acceptance.kit.relays import RelayProcess
from tests.databases import DatabaseServer, MariaDB, PostgreSQL, SQLiteFolder
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes

_RELAYS: Final = 2  # for each database
_OPTIONS: Final = ("--every", "0.1s", "--batch", "7")
_BEFORE: Final = (0.0, 0.3)  # seconds of work before a fault
_AWAY: Final = (0.1, 1.0)  # seconds
_PATIENCE: Final = 90.0
_LATENCY: Final = {"SLOW@0.02": 0.4, "SLOW@0.1": 0.2, "+SLOW@0.1": 0.1}


def outbox(directory: Path, sizes: Sizes) -> Report:
    """kill -9 of outbox relays, their databases and their broker, while ERPs commit and roll back on all of them."""
    with PostgreSQL() as postgresql, MariaDB() as mariadb, Nursery() as nursery:
        return outbox_on((postgresql, mariadb, SQLiteFolder(directory)), nursery, directory, sizes)


def outbox_on(
    servers: Sequence[DatabaseServer | SQLiteFolder], nursery: Nursery, directory: Path, sizes: Sizes
) -> Report:
    """The same on servers that somebody else has started."""
    with (
        contextlib.ExitStack() as open_,
        EmbeddedValkey(directory / "broker", fsync="always") as broker,
        Stage(directory, sizes, broker=broker) as stage,
    ):
        stage.partners.mix(_LATENCY, sizes.seed)
        orders = make_orders(sizes.orders, stage.shops, sizes.seed)
        erps = [
            Erp(server.database(), orders[place :: len(servers)], sizes.seed, stage.share_of_faults)
            for place, server in enumerate(servers)
        ]
        for erp in erps:
            open_.enter_context(erp)
        relays = Supervisor([_relay(nursery, stage, erp, number) for erp in erps for number in range(_RELAYS)])
        with stage.workers(1), relays:
            relays.until_all_ready()
            _harm(stage, relays, [server for server in servers if isinstance(server, DatabaseServer)])
            for erp in erps:
                erp.finish()
            traffic = Erps(erps)
            stage.until_settled(traffic, _PATIENCE)
            wrong_rows = _until_written_back(erps)
        report = stage.report("outbox", traffic)
        stage.measured["relays that ended by themselves"] = relays.exits.total()
        rolled_back = [id_ for erp in erps for id_ in erp.rolled_back()]
        stage.measured["redemptions rolled back"] = len(rolled_back)
    return replace(report, evidence=replace(report.evidence, rolled_back=rolled_back, wrong_rows=wrong_rows))


def _relay(nursery: Nursery, stage: Stage, erp: Erp, number: int) -> RelayProcess:
    log = stage.directory / f"relay-{erp.database.dialect}-{number}.log"
    return RelayProcess(nursery, erp.database.url, stage.system.environment, log, _OPTIONS)


def _until_written_back(erps: Sequence[Erp]) -> list[tuple[str, str]]:
    """What is still wrong with the rows when nothing more can be expected."""
    until = time.monotonic() + _PATIENCE
    while (wrong := [one for erp in erps for one in erp.wrong_rows()]) and time.monotonic() < until:
        time.sleep(0.1)
    return wrong


def _harm(stage: Stage, relays: Supervisor[RelayProcess], servers: Sequence[DatabaseServer]) -> None:
    """As many faults as wanted, each kind as often as the others."""
    waiting: list[str] = []
    for _ in range(stage.sizes.faults):
        if not waiting:
            waiting = [*_FAULTS]
            stage.chance.shuffle(waiting)
        name = waiting.pop()
        time.sleep(stage.chance.uniform(*_BEFORE))
        _FAULTS[name](stage, relays, servers)
        stage.faults[name] += 1


def _kill_relay(stage: Stage, relays: Supervisor[RelayProcess], _servers: Sequence[DatabaseServer]) -> None:
    relays.kill(stage.chance.choice(relays.workers))


def _kill_all_relays(_stage: Stage, relays: Supervisor[RelayProcess], _servers: Sequence[DatabaseServer]) -> None:
    for relay in relays.workers:
        relays.kill(relay)


def _kill_relays_that_journal(
    stage: Stage, relays: Supervisor[RelayProcess], servers: Sequence[DatabaseServer]
) -> None:
    """Whatever they have taken by then hangs in the broker, which does it or not after they are gone."""
    with broker_faults.held_still(stage.broker):
        time.sleep(stage.chance.uniform(*_AWAY))
        _kill_all_relays(stage, relays, servers)


def _hold_relay(stage: Stage, relays: Supervisor[RelayProcess], _servers: Sequence[DatabaseServer]) -> None:
    relay = stage.chance.choice(relays.workers)
    relay.signal(signal.SIGSTOP)
    time.sleep(stage.chance.uniform(*_AWAY))
    relay.signal(signal.SIGCONT)


def _kill_database(stage: Stage, _relays: Supervisor[RelayProcess], servers: Sequence[DatabaseServer]) -> None:
    if servers:
        server = stage.chance.choice(servers)
        server.kill()
        time.sleep(stage.chance.uniform(*_AWAY))
        server.revive()


def _kill_broker(stage: Stage, _relays: Supervisor[RelayProcess], _servers: Sequence[DatabaseServer]) -> None:
    with broker_faults.killed(stage.broker):
        time.sleep(stage.chance.uniform(*_AWAY))


_FAULTS: Final[Mapping[str, Callable[[Stage, Supervisor[RelayProcess], Sequence[DatabaseServer]], None]]] = {
    "relay killed": _kill_relay,
    "all relays killed": _kill_all_relays,
    "relays killed while they journal": _kill_relays_that_journal,
    "relay held still": _hold_relay,
    "database killed": _kill_database,
    "broker killed": _kill_broker,
}
