"""All campaigns by name, each with the sizes of a full run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.acceptance.campaigns.brokers import brokers
from tests.acceptance.campaigns.deploys import deploys
from tests.acceptance.campaigns.disks import disks, disks_of_redis
from tests.acceptance.campaigns.kills import kills
from tests.acceptance.campaigns.outage import outage
from tests.acceptance.campaigns.outbox import outbox
from tests.acceptance.campaigns.partners import partners
from tests.acceptance.campaigns.report import Report
from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.campaigns.web import web
from tests.acceptance.campaigns.wires import wires
from tests.tools import REDIS


@dataclass(frozen=True)
class Campaign:
    """`run` takes an empty directory and the sizes; its docstring's first line is what `--list` shows."""

    run: Callable[[Path, Sizes], Report]
    full: Sizes


CAMPAIGNS: Final = {
    "kills": Campaign(kills, Sizes(orders=4000, faults=200)),
    "partners": Campaign(partners, Sizes(orders=2000, faults=30)),
    "deploys": Campaign(deploys, Sizes(orders=3000, faults=60)),
    "brokers": Campaign(brokers, Sizes(orders=1500, faults=50)),
    "disks": Campaign(disks, Sizes(orders=1500, faults=50)),
    **({"disks-redis": Campaign(disks_of_redis, Sizes(orders=1500, faults=50))} if REDIS else {}),
    "wires": Campaign(wires, Sizes(orders=1500, faults=60)),
    "web": Campaign(web, Sizes(orders=10_000, faults=140)),
    "outbox": Campaign(outbox, Sizes(orders=6000, faults=120)),
    "outage": Campaign(outage, Sizes(orders=50_000, faults=180)),
}
"""By name; `all` runs them in this order."""
