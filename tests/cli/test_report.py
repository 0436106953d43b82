"""`redeem report`."""

from __future__ import annotations

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis import Redis

from tests.cli.conftest import EXPIRED, Ran, Run, Worker, event, lines, uniqodo
from tests.moments import ago, iso, within_one_day
from worker.cli.csv_output import output, write_csv
from worker.cli.period import Period, period_options

pytestmark = pytest.mark.usefixtures("configured")

PLACED = iso(ago(days=9))
FIELDS = {
    "id", "partner", "shop", "order_id", "code", "state", "attempts", "order_value", "currency", "completed_at",
    "reported_at", "reason", "error_code", "error_message", "receipt",
}  # fmt: skip


def table(ran: Ran) -> list[dict[str, str]]:
    assert (ran.status, ran.err) == (0, "")
    return list(csv.DictReader(io.StringIO(ran.out), strict=True))


@pytest.fixture
def november(redeem: Run, worker: Worker) -> None:
    """An order with two codes of Sovendus, one of Uniqodo's that is dead, a test order, and one that waits."""
    within_one_day()
    redeem(
        "emit", "-",
        stdin=lines(
            event("1", coupons=uniqodo("EXPIRED-1")), event("7", "SKD1", "SKD2", completed_at=PLACED),
            event("8", test=True), event("9"),
        ),
    )  # fmt: skip
    for one in (EXPIRED, "sovendus:uk:7:SKD1", "sovendus:uk:7:SKD2", "test:sovendus:uk:8:SKD1"):
        worker.work(one)


def test_nothing_yet(redeem: Run) -> None:
    assert redeem("report", "--json") == Ran(0, "", "")
    empty = redeem("report")
    assert empty.out.count("\n") == 1
    assert set(empty.out.strip().split(",")) == FIELDS


@pytest.mark.usefixtures("november")
def test_every_settled_redemption_as_csv_and_as_json(redeem: Run) -> None:
    rows = redeem("report", "--json").rows
    assert [row["id"] for row in rows] == [EXPIRED, "sovendus:uk:7:SKD1", "sovendus:uk:7:SKD2"]
    assert all(set(row) == FIELDS for row in rows)
    dead, redeemed, _ = rows
    assert (dead["state"], dead["reason"], dead["error_code"], dead["reported_at"]) == ("dead", "rejected", "202", None)
    assert (redeemed["state"], redeemed["order_value"], redeemed["currency"]) == ("redeemed", "219.99", "GBP")
    assert redeemed["receipt"]["status"] == 200
    cells = table(redeem("report"))
    for row, cell in zip(rows, cells, strict=True):
        receipt = json.loads(cell["receipt"]) if cell["receipt"] else None
        assert {**cell, "receipt": receipt} == {
            name: value if name == "receipt" else "" if value is None else str(value) for name, value in row.items()
        }
    assert cells[1]["completed_at"] == PLACED.replace("Z", ".000Z")
    assert cells[1]["receipt"].startswith('{"status": 200')


FILTERS = [
    (["--partner", "sovendus"], ["7", "7"]),
    (["--shop", "uk", "--state", "dead"], ["1"]),
    (["--shop", "de"], []),
    (["--state", "dead", "--state", "redeemed"], ["1", "7", "7"]),
    (["--state", "presumed"], []),
    (["--from", "1h"], ["1", "7", "7"]),
    (["--to", "1h"], []),
    (["--from", "2999-01"], []),
    (["--from", "2026-01-01", "--to", "2999-12-31"], ["1", "7", "7"]),
]


@pytest.mark.usefixtures("november")
def test_filters(redeem: Run) -> None:
    for options, orders in FILTERS:
        assert [row["order_id"] for row in redeem("report", "--json", *options).rows] == orders, options


@pytest.mark.usefixtures("november")
def test_day_totals_count_an_order_once(redeem: Run) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    usual = {"day": today, "shop": "uk", "currency": "GBP", "orders": 1, "order_value": "219.99"}
    assert redeem("report", "--daily", "--json").rows == [
        {"partner": "sovendus", "state": "redeemed", "redemptions": 2, **usual},
        {"partner": "uniqodo", "state": "dead", "redemptions": 1, **usual},
    ]
    assert table(redeem("report", "--daily", "--partner", "sovendus")) == [
        {"partner": "sovendus", "state": "redeemed", "redemptions": "2", **usual, "orders": "1"}
    ]


REFUSED = [
    (["--from", "yesterday"], "--from: 'yesterday' is neither"),
    (["--to", "2026-13"], "--to"),
    (["--to", "2026-02-30"], "--to"),
    (["--from", "2026-12-01", "--to", "2026-11-30"], "the period is empty"),
    (["--from", "2026-11-01T10:00", "--to", "2026-11-01T10:00"], "the period is empty"),
    (["--timezone", "Mars/Olympus"], "no time zone"),
    (["--timezone", "Europe"], "no time zone"),
    (["--timezone", "../etc/passwd"], "no time zone"),
    (["--partner", "sovendos"], "did you mean sovendus?"),
    (["--shop", "it"], "--shop it: no such shop; there are de, uk"),
    (["--state", "queued"], "queued"),
    (["--output", "nowhere/report.csv"], "cannot write nowhere/report.csv: No such file"),
]


def test_what_makes_no_sense_is_refused(redeem: Run) -> None:
    for options, complaint in REFUSED:
        ran = redeem("report", *options)
        assert (ran.status, ran.out) == (1 if "--output" in options else 2, ""), options
        assert complaint in " ".join(ran.err.split())


@pytest.mark.usefixtures("november")
def test_a_period_beyond_memory_gets_a_warning(redeem: Run, configured: Callable[..., None]) -> None:
    configured(LEDGER__KEEP="30d")
    ran = redeem("report", "--from", "31d", "--json")
    assert (ran.status, len(ran.rows)) == (0, 3)
    assert "the ledger remembers 30d (REDEEM_LEDGER__KEEP)" in ran.err
    assert redeem("report", "--from", "29d").err == ""


@pytest.mark.usefixtures("november")
def test_a_file_is_whole_or_not_there(redeem: Run, tmp_path: Path, redis: Redis) -> None:
    written, asked = tmp_path / "out.csv", redeem("report").out
    for expected in (asked, "\N{ZERO WIDTH NO-BREAK SPACE}" + asked):
        bom = ["--bom"] if expected != asked else []
        assert redeem("report", "--output", str(written), *bom) == Ran(0, "", "")
        assert written.read_text("utf-8") == expected
    assert stat.S_IMODE(written.stat().st_mode) & 0o600 == 0o600
    before = written.read_text("utf-8")
    redis.rename("redeem:outcomes", "elsewhere")
    redis.set("redeem:outcomes", "no stream")
    assert redeem("report", "--output", str(written)).status == 1
    assert written.read_text("utf-8") == before
    assert [path.name for path in tmp_path.iterdir()] == ["out.csv"]


def test_nothing_is_left_of_a_file_that_was_interrupted(tmp_path: Path) -> None:
    def interrupt() -> None:
        with output(tmp_path / "out.csv") as file:
            file.write("begun")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("november")
def test_a_link_stays_one_and_a_device_is_written_to(redeem: Run, tmp_path: Path) -> None:
    link = tmp_path / "latest.csv"
    link.symlink_to("november.csv")
    assert redeem("report", "--output", str(link)).status == 0
    assert link.is_symlink()
    assert (tmp_path / "november.csv").read_text("utf-8").count("\n") == 4
    assert redeem("report", "--output", "/dev/null").status == 0
    assert Path("/dev/null").is_char_device()


def test_who_stops_reading_hears_nothing_of_it(worker: Worker, tmp_path: Path) -> None:
    stream = worker.runtime.ledger.key("outcomes")
    fields = {"at": "1793491200000", "partner": "sovendus", "shop": "uk", "state": "redeemed", "code": "x" * 100}
    pipeline = worker.runtime.ledger.redis.pipeline()
    for number in range(3000):
        pipeline.xadd(stream, fields | {"id": f"sovendus:uk:{number}:X", "order_id": str(number)})
    pipeline.execute()
    command = [sys.executable, "-c", "from worker.cli import main; main()", "report"]
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root)}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, cwd=tmp_path
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("completed_at")
        process.stdout.close()
        assert process.stderr.read() == ""


nasty = st.text(st.characters(exclude_categories=["Cs"]), max_size=6) | st.sampled_from(
    ["=1+1", "+49", "-1", "@SUM(A1)", "\tx", 'a"b', "a,b", "a\nb", "a\r\nb", "'x", "ümläut €"]
)


@given(st.lists(st.fixed_dictionaries({"code": nasty, "value": st.none() | st.decimals(allow_nan=False)}), max_size=5))
@settings(max_examples=50)
def test_csv_reads_back_and_computes_nothing(rows: list[dict[str, Any]]) -> None:
    file = io.StringIO()
    write_csv(("code", "value"), rows, file)
    found = list(csv.DictReader(io.StringIO(file.getvalue(), newline=""), strict=True))
    assert len(found) == len(rows)
    for row, cells in zip(rows, found, strict=True):
        assert cells["code"] in (row["code"], f"'{row['code']}")
        assert not cells["code"].startswith(("=", "+", "-", "@", "\t", "\r"))
        assert cells["value"] == ("" if row["value"] is None else str(row["value"]))


def utc(*parts: int) -> datetime:
    year, month, day, hour = (*parts, 0)[:4]
    return datetime(year, month, day, hour, tzinfo=UTC)


@pytest.mark.parametrize(
    ("words", "since", "until"),
    [
        ([], None, None),
        (["--from", "2026-11", "--to", "2026-11"], utc(2026, 11, 1), utc(2026, 12, 1)),
        (["--to", "2026-12"], None, utc(2027, 1, 1)),
        (["--from", "2026-11-30", "--to", "2026-11-30"], utc(2026, 11, 30), utc(2026, 12, 1)),
        (["--to", "2026-11-30T12:00"], None, utc(2026, 11, 30, 12)),
        (["--to", "2026-11-30T12:00+02:00"], None, utc(2026, 11, 30, 10)),
        (["--timezone", "Europe/Berlin", "--from", "2026-10", "--to", "2026-10"],
         utc(2026, 9, 30, 22), utc(2026, 10, 31, 23)),
        (["--timezone", "Europe/Berlin", "--to", "2026-11-30T12:00"], None, utc(2026, 11, 30, 11)),
    ],
)  # fmt: skip
def test_a_period(words: list[str], since: datetime | None, until: datetime | None) -> None:
    @click.command()
    @period_options
    def command(period: Period) -> Period:
        return period

    period = command.main(words, standalone_mode=False)
    assert (period.since, period.until) == (since, until)
