"""What docs/privacy.md says: every key that we keep is in its table, and the command prints what it shows."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cli.conftest import Run, Worker, event, lines, uniqodo

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
SOURCES = [
    path for folder in ("tasks", "worker") for kind in ("lua", "py") for path in (ROOT / folder).rglob(f"*.{kind}")
]
NAMED = re.compile(r"""P \.\. '([a-z_-]+)|\bkey\("([a-z_-]+)|key_prefix}:?([a-z]+)""")
NO_KEYS = {"nothing"}
"""Names of keys that are never written."""


def test_every_key_is_in_the_table() -> None:
    found = {name for path in SOURCES for match in NAMED.findall(path.read_text("utf-8")) for name in match if name}
    assert {"redemption", "outcomes", "taken", "erased-salt"} <= found
    told = set(re.findall(r"`redeem:([a-z_-]+)", PAGE))
    assert found - NO_KEYS <= told
    assert told <= found


@pytest.fixture
def _as_on_the_page(redeem: Run, worker: Worker) -> None:
    """The order's Sovendus code was reported, its Uniqodo code is dead."""
    order = event("145789", coupons=[{"code": "SKDXXR4324"}, *uniqodo("EXPIRED-1")], email="jane@example.com")
    assert redeem("emit", "-", stdin=lines(order, event("145790"))).status == 0
    worker.work("sovendus:uk:145789:SKDXXR4324")
    worker.work("uniqodo:uk:145789:EXPIRED-1")
    assert redeem("dead", "replay", "uniqodo:uk:145789:EXPIRED-1").status == 0
    worker.work("uniqodo:uk:145789:EXPIRED-1")


@pytest.mark.usefixtures("_as_on_the_page")
def test_the_command_prints_what_the_page_shows(redeem: Run) -> None:
    shown = re.findall(r"\$ redeem (.*)\n((?:(?!\$|```).*\n)+)", PAGE)
    assert [words for words, _ in shown] == ["erase --order 145789", "erase --order 145789 --yes"]
    for words, output in shown:
        ran = redeem(*words.split())
        assert ran.status == 0
        assert without_snapshot(ran.out) == without_snapshot(output)


def without_snapshot(text: str) -> str:
    """Whether the server of the tests has ever taken one depends on the tests before."""
    return re.sub(r"  ok   snapshot .*\n", "", text)
