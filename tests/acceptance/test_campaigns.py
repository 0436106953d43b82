"""The campaigns, small: a handful of faults each, and the same verdict over all books as at their full size."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from tests.acceptance.campaigns.deploys import deploys
from tests.acceptance.campaigns.kills import kills
from tests.acceptance.campaigns.partners import partners
from tests.acceptance.campaigns.sizes import Sizes

if TYPE_CHECKING:
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report

SEED = int(os.environ.get("KILL_SEED", "7"))  # another one is another course of things
ORDERS = 40


def test_kill_9_of_workers_at_any_moment(tmp_path: Path) -> None:
    report = kills(tmp_path, Sizes(ORDERS, faults=3, seed=SEED), workers=2)
    require_clean(report)
    assert sum(report.faults.values()) == 3


def test_partners_at_their_worst_and_two_workers_that_share_the_work(tmp_path: Path) -> None:
    report = partners(tmp_path, Sizes(ORDERS, faults=2, seed=SEED))
    require_clean(report)
    shares = report.measured["attempts by worker"]
    assert min(shares.values()) > 0, shares


def test_deploys_under_load_and_with_new_keys(tmp_path: Path) -> None:
    report = deploys(tmp_path, Sizes(ORDERS, faults=4, seed=SEED))
    require_clean(report)
    assert report.figures()["settled"] == {"redeemed": ORDERS // 4 * 9}
    assert report.exits == {}
    assert report.measured["stops with a status other than 0"] == 0
    assert report.measured["new Uniqodo keys"] == 1


def require_clean(report: Report) -> None:
    assert report.findings == [], "\n".join(report.lines())
    assert len(report.evidence.promises) == ORDERS // 4 * 9
