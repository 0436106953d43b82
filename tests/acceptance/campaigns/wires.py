"""The network between everyone and the broker: cut, refused, slow or half-open, and at last gone for a minute."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Traffic
from tests.acceptance.kit.proxy import Proxy
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes

_WORKERS: Final = 2
_BEFORE: Final = (0.1, 1.5)  # seconds of work before a fault
_AWAY: Final = (0.2, 2.0)  # seconds without a network
_HALF_OPEN: Final = (1.0, 8.0)  # beyond the sockets' timeout of 5 s, and within it
_SLOW: Final = 0.05  # seconds on every read
_GONE_FROM: Final = 20  # faults: from so many on the campaign ends with a network that is gone
_GONE: Final = 60.0  # seconds
_PATIENCE: Final = 90.0  # seconds until what had to wait for a dead socket's timeout has moved
_LATENCY: Final = {"SLOW@0.02": 0.4, "SLOW@0.1": 0.2, "+SLOW@0.1": 0.2, "SLOW@0.4": 0.05, "+SLOW@0.4": 0.05}
# As README tells shops to set it: Celery has no timeouts by default, and hangs for good on a half-open connection.
_PRODUCER: Final = {"broker_transport_options": {"socket_timeout": 5, "socket_connect_timeout": 2}}


def wires(directory: Path, sizes: Sizes) -> Report:
    """Connections to the broker cut, refused, slow and half-open, of workers and shops alike; at last none at all."""
    with (
        EmbeddedValkey(directory / "broker") as broker,
        Proxy(broker.port) as wire,
        Stage(directory, sizes, broker=broker, broker_url=wire.url) as stage,
    ):
        stage.partners.mix(_LATENCY, sizes.seed)
        orders = make_orders(sizes.orders, stage.shops, sizes.seed)
        with (
            stage.workers(_WORKERS),
            Traffic(stage.system, orders, stage.share_of_faults, conf=_PRODUCER) as traffic,
        ):
            faults = _faults(stage, wire)
            for _ in range(sizes.faults):
                time.sleep(stage.chance.uniform(*_BEFORE))
                name = stage.chance.choice(sorted(faults))
                faults[name]()
                stage.faults[name] += 1
            if sizes.faults >= _GONE_FROM:
                _refuse(wire, _GONE)
                stage.faults["gone for a minute"] += 1
            traffic.finish()
            stage.until_settled(traffic, _PATIENCE)
        return stage.report("wires", traffic)


def _faults(stage: Stage, wire: Proxy) -> dict[str, Callable[[], object]]:
    chance = stage.chance

    def hold() -> None:
        wire.hold()
        time.sleep(chance.uniform(*_HALF_OPEN))
        wire.heal()

    def slow() -> None:
        wire.delay(_SLOW)
        time.sleep(chance.uniform(*_AWAY))
        wire.heal()

    return {
        "cut": lambda: wire.cut(reset=False, share=chance.uniform(0.2, 1), chance=chance),
        "reset": lambda: wire.cut(reset=True, share=chance.uniform(0.2, 1), chance=chance),
        "refused": lambda: _refuse(wire, chance.uniform(*_AWAY)),
        "half-open": hold,
        "slow": slow,
    }


def _refuse(wire: Proxy, seconds: float) -> None:
    wire.refuse()
    wire.cut(reset=True)
    time.sleep(seconds)
    wire.heal()
