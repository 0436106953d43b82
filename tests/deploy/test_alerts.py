"""The alert rules: what they ask for is told, what they advise exists, and Prometheus' own tool finds them right."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client import CollectorRegistry
from redis import Redis

from tests.tools import tool
from tests.worker.apps import running
from worker.cli import COMMANDS
from worker.metrics.collector import LedgerCollector
from worker.web.metrics import WebMetrics

RULES = Path(__file__).parents[2] / "deploy" / "prometheus"
ALERTS = "".join((RULES / name).read_text() for name in ("redeem.rules.yml", "door.rules.yml"))
BOARDS = "".join(path.read_text() for path in RULES.parent.glob("grafana/*.json"))


@pytest.fixture
def told(broker_url: str) -> Iterator[set[str]]:
    """Every name that can be asked for."""
    with running(broker_url) as app:
        registry = CollectorRegistry()
        registry.register(LedgerCollector(app.runtime))
        names = set()
        for family in (*registry.collect(), *WebMetrics().registry.collect()):
            endings = {"counter": ["_total"], "histogram": ["_bucket", "_sum", "_count"]}.get(family.type, [""])
            names |= {family.name + ending for ending in endings}
        yield names


def test_every_metric_that_is_asked_for_is_told(told: set[str], redis: Redis) -> None:
    asked = set(re.findall(r"\bredeem_\w+", ALERTS + BOARDS))
    assert redis.ping()
    assert len(asked) > 8
    assert asked <= told


def test_every_command_that_is_advised_exists() -> None:
    advised = set(re.findall(r"`redeem (\w+)", ALERTS))
    assert {"status", "dead"} <= advised <= set(COMMANDS)


def test_every_runbook_is_a_heading_of_the_operators_page() -> None:
    page = (RULES.parents[1] / "docs" / "operations.md").read_text()
    headings = {
        re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        for heading in re.findall(r"^#+ (.*)$", page, re.MULTILINE)
    }
    runbooks = set(re.findall(r"runbook: ([\w-]+)", ALERTS))
    assert len(runbooks) > 5
    assert runbooks <= headings


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "redeem.rules.yml", "door.rules.yml"],
        ["test", "rules", "redeem.rules.test.yml"],
        ["test", "rules", "door.rules.test.yml"],
    ],
)
def test_prometheus_own_tool_is_content(command: list[str]) -> None:
    promtool = tool("promtool", package="prometheus")
    done = subprocess.run([promtool, *command], cwd=RULES, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
