"""The campaigns, small: a handful of faults each, and the same verdict over all books as at their full size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.acceptance.campaigns.deploys import deploys
from tests.acceptance.campaigns.kills import kills
from tests.acceptance.campaigns.orders import make_orders
from tests.acceptance.campaigns.partners import partners
from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Traffic

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report

SEED = int(os.environ.get("KILL_SEED", "7"))  # another one is another course of things
ORDERS = 40


@pytest.mark.parametrize(
    ("campaign", "faults"),
    [(kills, 3), (partners, 2), (deploys, 4)],
    ids=["kills", "partners", "deploys"],
)
def test_nothing_is_lost_and_nothing_is_doubled(
    campaign: Callable[[Path, Sizes], Report], faults: int, tmp_path: Path
) -> None:
    report = campaign(tmp_path, Sizes(ORDERS, faults, SEED))
    assert report.findings == [], "\n".join(report.lines())
    assert len(report.evidence.promises) == ORDERS // 4 * 9
    assert sum(report.faults.values()) >= faults


def test_two_workers_share_the_work_and_double_nothing(tmp_path: Path) -> None:
    with Stage(tmp_path, Sizes(60, 0, SEED)) as stage, stage.workers(2) as supervisor:
        stage.partners.mix({"SLOW@0.05": 0.5, "503": 0.05}, SEED)
        for worker in supervisor.workers:
            supervisor.until_ready(worker)
        with Traffic(stage.system, make_orders(60, stage.shops, SEED)) as traffic:
            traffic.finish()
            stage.until_settled(traffic)
        shares = [len(worker.entries("delivery.attempted")) for worker in supervisor.workers]
        report = stage.report("shared", traffic)
    assert min(shares) > 0, shares
    assert report.findings == [], "\n".join(report.lines())
    assert report.figures()["settled"] == {"redeemed": 135}
