"""`redeem dead export` and `stats`."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import bury_message
from tests.cli.conftest import BARE, EXPIRED, NOWHERE, Ran, Run, Worker, event, lines
from tests.tasks.examples import ADDRESS

pytestmark = pytest.mark.usefixtures("configured")


@pytest.mark.usefixtures("three")
def test_each_line_is_what_show_tells(redeem: Run, worker: Worker) -> None:
    message = bury_message(worker.runtime, b"nonsense", "orders", UnreadableMessage("not JSON"))
    ran = redeem("dead", "export")
    assert (ran.status, ran.err) == (0, "")
    assert {row["id"] for row in ran.rows} == {BARE, EXPIRED, NOWHERE, message}
    for row in ran.rows:
        assert row == redeem("dead", "show", row["id"], "--json").row
    assert redeem("dead", "export", "--json", "--newest").rows == ran.rows[::-1]
    assert redeem("dead", "export", "--reason", "incomplete").row["id"] == BARE


@pytest.mark.usefixtures("three")
def test_a_file_for_a_spreadsheet(redeem: Run, tmp_path: Path) -> None:
    hostile = event("=1+1", "@SUM(A1)", shop="fr", email=ADDRESS)
    redeem("emit", "-", stdin=lines(hostile))
    path = tmp_path / "dead.csv"
    assert redeem("dead", "export", "--format", "csv", "--output", str(path)) == Ran(0, "", "")
    text = path.read_text(encoding="utf-8")
    rows = {row["id"]: row for row in csv.DictReader(text.splitlines())}
    assert len(rows) == 4
    [found] = [
        row for row in rows.values() if row["reason"] == "unroutable" and row["order_value"] and "=" in row["id"]
    ]
    assert (found["order_id"], found["code"]) == ("'=1+1", "'@SUM(A1)")
    assert json.loads(rows[EXPIRED]["history"])[0]["outcome"] == "dead"
    assert "jane" not in text
    assert "validation_key" not in text


def test_nothing_to_export(redeem: Run) -> None:
    assert redeem("dead", "export") == Ran(0, "", "")
    assert redeem("dead", "export", "--format", "csv").out.startswith("died_at,reason,")
    ran = redeem("dead", "export", "--format", "csv", "--json")
    assert (ran.status, ran.out) == (2, "")


@pytest.mark.usefixtures("three")
def test_sums_by_partner_shop_reason_and_code(redeem: Run) -> None:
    redeem("emit", "-", stdin=lines(event("2", "OTHER", shop="fr")))
    rows = {(row["partner"], row["shop"], row["reason"], row["error_code"]): row for row in
            redeem("dead", "stats", "--json").rows}  # fmt: skip
    assert {group: row["count"] for group, row in rows.items()} == {
        ("unrouted", "fr", "unroutable", None): 2,
        ("uniqodo", "uk", "rejected", "202"): 1,
        ("uniqodo", "uk", "incomplete", None): 1,
    }
    unroutable = rows["unrouted", "fr", "unroutable", None]
    assert unroutable["money"] == {"GBP": "219.99"}, "an order counts once"
    assert unroutable["oldest"] <= unroutable["newest"]
    assert unroutable["oldest"].endswith("Z")


@pytest.mark.usefixtures("three")
def test_sums_grouped_as_asked(redeem: Run) -> None:
    assert {row["partner"]: row["count"] for row in redeem("dead", "stats", "--by", "partner", "--json").rows} == {
        "uniqodo": 2, "unrouted": 1,
    }  # fmt: skip
    table = redeem("dead", "stats", "--by", "shop", "--by", "error_code").out.splitlines()
    assert table[0].split() == ["shop", "code", "count", "money", "oldest", "newest"]
    assert table[-1].split()[:4] == ["all", "3", "439.98", "GBP"]
    assert redeem("dead", "stats", "--order", "77") == Ran(0, "no dead letters match\n", "")
    assert redeem("dead", "stats", "--order", "77", "--json") == Ran(0, "", "")
