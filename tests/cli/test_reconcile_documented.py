"""The month's end in docs/reconciliation.md, played through."""

from __future__ import annotations

import re
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from tests.cli.conftest import Run, Worker, event, lines
from tests.moments import within_one_day
from worker.cli.reconciled import HERE, KINDS
from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("configured")

PAGE = (Path(__file__).parents[2] / "docs" / "reconciliation.md").read_text("utf-8")
REPORTED = {
    "145789": ("SKDXXR4324", "219.99"),
    "145790": ("SKD-B2", "49.50"),
    "145791": ("SKD-C3", "1204.00"),
    "145792": ("SKD-D4", "80.00"),
    "145794": ("SKD-F6", "33.00"),
}


def block(language: str) -> str:
    (only,) = re.findall(rf"```{language}\n(.*?)```", PAGE, flags=re.DOTALL)
    return str(only)


def command(name: str, *, option: str = "") -> list[str]:
    """The words of the command shown, for what was reported just now."""
    (shown,) = [line for line in re.findall(r"^ {4}redeem (.*)$", PAGE, re.MULTILINE)
                if line.startswith(name) and option in line]  # fmt: skip
    words: list[str] = shown.replace("--from 2026-11 --to 2026-11", "--from 1h").split()
    assert "1h" in words
    return words


@pytest.fixture
def november(redeem: Run, worker: Worker, sandbox: Sandbox, tmp_path: Path) -> None:
    within_one_day(ZoneInfo("Europe/Berlin"))

    def emit(order_id: str, code: str, value: str) -> None:
        order = event(order_id, code, shop="de", order_value=value, currency="EUR")
        assert redeem("emit", "-", stdin=lines(order)).status == 0
        worker.work(f"sovendus:de:{order_id}:{code}")

    for order_id, (code, value) in REPORTED.items():
        emit(order_id, code, value)
    sandbox.fail("503")
    emit("145793", "SKD-E5", "15.00")
    (tmp_path / "sovendus-november.csv").write_bytes(block("csv").encode("cp1252"))


def timeless(text: str) -> str:
    """Without when it was reported, and against which period it is held."""
    text = re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "2026-11-21T20:15:07Z", text)
    return re.sub(r"(?m)^held against .*$", "held against …", text)


@pytest.mark.usefixtures("november")
def test_the_comparison_shown_is_what_it_says(redeem: Run) -> None:
    ran = redeem(*command("reconcile"))
    assert ran.status == 1
    assert timeless(ran.out) == timeless(block("text"))


@pytest.mark.usefixtures("november")
def test_the_reports_shown_can_be_made(redeem: Run, tmp_path: Path) -> None:
    assert redeem(*command("report", option="--output")).status == 0
    header, *rows = (tmp_path / "november.csv").read_text("utf-8").splitlines()
    assert len(rows) == len(REPORTED)
    table = "\n".join(line for line in PAGE.splitlines() if line.startswith("| `"))
    assert all(f"`{column}`" in table for column in header.split(","))
    _, totals = redeem(*command("report", option="--daily")).out.splitlines()
    assert totals.endswith(",sovendus,de,redeemed,EUR,5,5,1586.49")


def test_what_the_page_explains_is_what_is_said() -> None:
    explained = " ".join(line for line in PAGE.splitlines() if line.startswith("| "))
    for word in (*KINDS.values(), *HERE.values()):
        assert word in explained
