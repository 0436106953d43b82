"""Deploys under load, again and again: SIGTERM to one worker after the other, now and then with a new Uniqodo key."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psutil

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Pace, Traffic

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes
    from tests.acceptance.campaigns.supervision import Supervisor
    from tests.acceptance.kit import WorkerProcess
    from worker.dev.sandbox import Call

_WORKERS: Final = 2
_WORKING: Final = 1.0  # seconds that all work between two stops, at most
_NEW_KEY_EVERY: Final = 6  # stops: with two workers every third deploy
_PATIENCE: Final = 60.0
_NO_CALL_TIMES_OUT: Final = {f"PARTNERS__{name}__READ_TIMEOUT": "10s" for name in ("SOVENDUS", "UNIQODO")}
_LATENCY: Final = {"SLOW@0.05": 0.3, "+SLOW@0.1": 0.2, "SLOW@0.3": 0.2, "+SLOW@0.6": 0.1}


@dataclass(frozen=True)
class _Stop:
    """How long one stop took, and the longest call that its worker had in flight from then on; in seconds."""

    seconds: float
    longest_call: float
    status: int


def deploys(directory: Path, sizes: Sizes) -> Report:
    """Rolling restarts by SIGTERM under load, some with a new Uniqodo key that alone is accepted from a moment on."""
    with Stage(directory, sizes, _NO_CALL_TIMES_OUT) as stage:
        stage.partners.mix(_LATENCY, sizes.seed)
        orders, pace = make_orders(sizes.orders, stage.shops, sizes.seed), Pace(sizes.faults)
        with (
            stage.workers(_WORKERS) as supervisor,
            Traffic(stage.system, orders, lambda: pace.share) as traffic,
        ):
            stops = _roll_all(stage, supervisor, pace)
            traffic.finish()
            stage.until_settled(traffic, _PATIENCE)
        stage.measured["longest stop, seconds"] = round(max(stop.seconds for stop in stops), 2)
        beyond = max(stop.seconds - stop.longest_call for stop in stops)
        stage.measured["most beyond its longest call, seconds"] = round(beyond, 2)
        stage.measured["stops with calls in flight"] = sum(stop.longest_call > 0 for stop in stops)
        stage.measured["stops with a status other than 0"] = sum(stop.status != 0 for stop in stops)
        return stage.report("deploys", traffic)


def _roll_all(stage: Stage, supervisor: Supervisor, pace: Pace) -> list[_Stop]:
    stops, keys = [], _Keys(stage)
    for number in range(stage.sizes.faults):
        supervisor.until_all_ready()
        pace.step()
        time.sleep(stage.chance.uniform(0, _WORKING))
        place = number % _WORKERS
        successor = stage.system.worker(f"w{place}", **keys.turn(number))
        stops.append(_stop(stage, supervisor, supervisor.workers[place], successor))
        stage.faults["stopped by SIGTERM"] += 1
    return stops


def _stop(stage: Stage, supervisor: Supervisor, worker: WorkerProcess, successor: WorkerProcess) -> _Stop:
    ports = {link.laddr.port for link in psutil.Process(worker.pid).net_connections("tcp")}
    began = time.monotonic()
    seconds, status = supervisor.roll(worker, successor)
    ended = [_ended(call) for call in stage.partners.calls() if call.client_port in ports]
    return _Stop(seconds, max([end - began for end in ended if end > began], default=0.0), status)


def _ended(call: Call) -> float:
    return call.arrived if call.answered is None else call.answered


class _Keys:
    """The shops' Uniqodo keys: a deploy may bring new ones, and before or amid it the old ones end."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage
        self._keys = {shop.name: shop.api_key for shop in stage.shops}
        self._old_end_at: int | None = None

    def turn(self, number: int) -> dict[str, str]:
        """What the worker that starts after this stop has for settings."""
        if number % _NEW_KEY_EVERY == _WORKERS:
            self._issue(number)
        if number == self._old_end_at:
            self._stage.partners.configure(accepted_keys=list(self._keys.values()))
        return {f"SHOPS__{shop.upper()}__UNIQODO__API_KEY": key for shop, key in self._keys.items()}

    def _issue(self, number: int) -> None:
        self._old_end_at = number + self._stage.chance.randrange(_WORKERS)
        self._keys = {shop.name: f"{shop.api_key}-{number}" for shop in self._stage.shops}
        self._stage.accounts |= {key: shop for shop, key in self._keys.items()}
        self._stage.partners.configure(accepted_keys=None)
        self._stage.measured["new Uniqodo keys"] = self._stage.measured.get("new Uniqodo keys", 0) + 1
