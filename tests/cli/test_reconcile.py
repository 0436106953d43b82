"""`redeem reconcile`."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from tests.cli.conftest import EXPIRED, Ran, Run, Worker, event, lines, uniqodo

pytestmark = pytest.mark.usefixtures("configured")

HEADER = "Bestellnummer;Gutscheincode;Nettowert;Währung\n"


@pytest.fixture
def reported(redeem: Run, worker: Worker) -> None:
    """Two orders at Sovendus, one of them with two codes; a dead letter of Uniqodo's."""
    redeem(
        "emit", "-",
        stdin=lines(event("7", "SKD1", "skd2"), event("8", "=SKD3"), event("1", coupons=uniqodo("EXPIRED-1"))),
    )  # fmt: skip
    for one in ("sovendus:uk:7:SKD1", "sovendus:uk:7:SKD2", "sovendus:uk:8:=SKD3", EXPIRED):
        worker.work(one)


AGREEING = HEADER + "7;SKD1;219,99;GBP\n7;SKD2;219,99;GBP\n8;'=skd3;219,99;GBP\n"


@pytest.fixture
def statement(tmp_path: Path) -> Path:
    return tmp_path / "november.csv"


def held(redeem: Run, statement: Path, content: str, *options: str) -> Ran:
    statement.write_bytes(content.encode("cp1252"))
    return redeem("reconcile", str(statement), *options)


@pytest.mark.usefixtures("reported")
def test_all_agrees(redeem: Run, statement: Path) -> None:
    ran = held(redeem, statement, AGREEING)
    assert (ran.status, ran.err) == (0, "")
    text = [line.split() for line in ran.out.splitlines()]
    assert ["reported", "here", "3", "439.98", "GBP"] in text
    assert ["listed", "there", "3", "439.98", "GBP"] in text
    assert ["agreed", "3", "439.98", "GBP"] in text
    assert "value = Nettowert" in ran.out
    assert "cp1252, “;” between cells, decimal comma" in ran.out
    assert "difference" not in ran.out
    only = held(redeem, statement, AGREEING, "--json")
    assert (only.status, only.row["kind"], only.row["agree"]) == (0, "summary", True)
    assert only.row["found"] == [
        {"kind": "agreed", "here": "redeemed", "count": 3, "money": {"GBP": "439.98"}},
    ]


@pytest.mark.usefixtures("reported")
def test_our_own_report_agrees_with_us(redeem: Run, statement: Path) -> None:
    for bom in ([], ["--bom"]):
        assert redeem("report", "--state", "redeemed", "--output", str(statement), *bom).status == 0
        assert redeem("reconcile", str(statement)).status == 0


@pytest.mark.usefixtures("reported")
def test_differences(redeem: Run, statement: Path, tmp_path: Path) -> None:
    content = HEADER + "7;SKD1;219,99;GBP\n7;SKD2;209,99;GBP\n1;EXPIRED-1;219,99;GBP\n9;X;1,00;GBP\n10;X;;\n11;X;abc;\n"
    ran = held(redeem, statement, content, "--json")
    assert ran.status == 1
    *rows, summary = ran.rows
    assert [(row["kind"], row["here"], row["order_id"], row["line"]) for row in rows] == [
        ("missing_there", "redeemed", "8", None),
        ("missing_here", "dead", "1", 4),
        ("missing_here", "unknown", "10", 6),
        ("missing_here", "unknown", "9", 5),
        ("value_differs", "redeemed", "7", 3),
        ("unreadable", None, None, 7),
    ]
    missing, dead, *_, differs, unreadable = rows
    assert (missing["id"], missing["our_value"], missing["their_value"]) == ("sovendus:uk:8:=SKD3", "219.99", None)
    assert (dead["id"], dead["reason"], dead["partner"]) == (EXPIRED, "rejected", "uniqodo")
    assert (differs["our_value"], differs["their_value"], differs["their_currency"]) == ("219.99", "209.99", "GBP")
    assert unreadable["problem"] == "'abc' is no amount"
    assert (summary["agree"], summary["without_value"]) == (False, 1)

    table = held(redeem, statement, content)
    assert table.status == 1
    assert "missing there" in table.out
    assert "-10.00 GBP (theirs less ours)" in table.out
    assert "1 of its lines give no value" in table.out
    assert EXPIRED in table.out

    written = tmp_path / "differences.csv"
    ran = held(redeem, statement, content, "--output", str(written))
    assert (ran.status, EXPIRED in ran.out) == (1, False)
    with written.open(newline="", encoding="utf-8") as file:
        cells = list(csv.DictReader(file, strict=True))
    assert [row["kind"] for row in cells] == [row["kind"] for row in rows]
    assert cells[0]["code"] == "'=SKD3"
    assert set(cells[0]) == set(rows[0])


@pytest.mark.usefixtures("reported")
def test_many_differences_are_all_printed(redeem: Run, statement: Path) -> None:
    ran = held(redeem, statement, AGREEING + "".join(f"{number};X;1,00;GBP\n" for number in range(100, 2600)))
    assert ran.status == 1
    assert ran.out.count("missing here: unknown  ") == 2500 + 1


OPTIONS = [
    (["--partner", "sovendus", "--shop", "uk", "--from", "1h"], 0),
    (["--partner", "uniqodo"], 1),
    (["--shop", "de"], 1),
    (["--to", "1h"], 1),
    (["--tolerance", "0"], 0),
    (["--decimal", "point"], 2),
    (["--order-column", "gutscheincode", "--code-column", "Bestellnummer"], 1),
    (["--order-column", "Nummer"], 2),
    (["--delimiter", ","], 2),
    (["--delimiter", "semicolon", "--encoding", "windows-1252"], 0),
    (["--delimiter", "ab"], 2),
    (["--encoding", "klingon"], 2),
    (["--encoding", "ascii"], 2),
    (["--tolerance", "much"], 2),
    (["--tolerance", "-1"], 2),
    (["--partner", "sovendos"], 2),
    (["--from", "2026-12", "--to", "2026-11"], 2),
]


@pytest.mark.usefixtures("reported")
def test_options(redeem: Run, statement: Path) -> None:
    for options, status in OPTIONS:
        ran = held(redeem, statement, AGREEING, *options)
        assert (ran.status, bool(ran.err)) == (status, status == 2), options


@pytest.mark.parametrize(
    ("content", "complaint"),
    [("", "it is empty"), ("Datum;Betrag\n1;2\n", "Bestellnummer, Order ID"),
     (HEADER + '7;"SKD1;1;GBP\n', "never closed"),
     (HEADER + "7;SKD1;abc;GBP\n", "none of its lines can be read; line 2: 'abc' is no amount")],
)  # fmt: skip
def test_a_file_that_is_no_statement(redeem: Run, statement: Path, content: str, complaint: str) -> None:
    ran = held(redeem, statement, content)
    assert (ran.status, ran.out) == (2, "")
    assert complaint in ran.err
    assert str(statement) in ran.err


def test_a_file_that_is_not_there(redeem: Run, tmp_path: Path) -> None:
    assert redeem("reconcile", "nowhere.csv").status == 2
    assert redeem("reconcile", str(tmp_path)).status == 2


def test_the_broker_away_is_one_line(redeem: Run, statement: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDEEM_BROKER_URL", "redis://127.0.0.1:1/0")
    ran = held(redeem, statement, AGREEING)
    assert (ran.status, ran.out, ran.err.count("\n")) == (1, "", 1)
    assert "the broker (redis://127.0.0.1:1/0)" in ran.err
