"""A statement against a real ledger, and against a comparison in memory that anyone can follow."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis

from tasks.ledger import Account, State
from tasks.reports import reconciliation
from tasks.reports.comparison import Finding
from tasks.reports.reconciliation import Scope, reconcile
from tasks.reports.reconciliation_sums import Sums
from tasks.reports.statement import NoStatement, Statement
from tests.tasks.ledger.kit import DE, UK, Book

CENT = Decimal("0.01")
HEADER = "Order ID;Code;Order Value;Currency"
SOVENDUS = Scope(partner="sovendus")


@pytest.fixture
def book(redis: Redis) -> Book:
    return Book(redis)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "statement.csv"


def run(book: Book, file: Path, *lines: str, scope: Scope = SOVENDUS) -> tuple[Sums, list[Finding]]:
    file.write_text("\n".join((HEADER, *lines)), encoding="utf-8")
    sums, differences = reconcile(book.ledger, Statement(file), scope, CENT)
    return sums, list(differences)


def kinds(found: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.kind.value, one.here, one.order_id) for one in found]


def yes(book: Book, order_id: str, *codes: str, account: Account = UK, value: str = "10.00") -> None:
    for one in book.open(*codes or ("A1",), order_id=order_id, account=account, order_value=Decimal(value)):
        book.yes(book.claimed(one, account))


def test_all_agrees(book: Book, file: Path) -> None:
    yes(book, "1", "a1", "B2")
    yes(book, "2")
    sums, found = run(book, file, "2;A1;10,00;GBP", "1;B2;10,00;GBP", "1;A1;10,00;GBP")
    assert found == []
    assert sums.agree
    assert sums.reported == sums.listed
    assert sums.reported.to_json() == {"count": 3, "money": {"GBP": "20.00"}}


def test_nothing_on_either_side_agrees(book: Book, file: Path) -> None:
    sums, found = run(book, file)
    assert (sums, found) == (Sums(), [])
    assert sums.agree


def test_differences_by_kind_and_order(book: Book, file: Path) -> None:
    for number in ("4", "3", "1", "2"):
        yes(book, number)
    sums, found = run(book, file, "2;A1;9,00;GBP", "9;A1;10,00;GBP", "8;A1;10,00;GBP", "1;A1;10,00;EUR", ";A1;1,00;GBP")
    assert kinds(found) == [
        ("missing_there", "redeemed", "3"),
        ("missing_there", "redeemed", "4"),
        ("missing_here", "unknown", "8"),
        ("missing_here", "unknown", "9"),
        ("value_differs", "redeemed", "2"),
        ("currency_differs", "redeemed", "1"),
        ("unreadable", "", ""),
    ]
    assert (found[-1].theirs and found[-1].theirs.number, found[-1].theirs and found[-1].theirs.problem) == (
        6, "no order number",
    )  # fmt: skip
    assert (sums.reported.count, sums.listed.count) == (4, 4)


def test_what_is_known_of_a_line_that_was_not_reported(book: Book, file: Path) -> None:
    for order_id in ("dead", "discarded", "twice"):
        one = book.open_one("A1", order_id=order_id)
        book.no(book.claimed(one))
        if order_id == "discarded":
            book.ledger.discard(one, {"outcome": "discarded"})
        if order_id == "twice":
            book.ledger.replay(one, UK, {}, {"outcome": "replayed"})
            book.no(book.claimed(one))
    book.open_one("A1", order_id="queued")
    book.later(book.claimed(book.open_one("A1", order_id="retrying")))
    book.claimed(book.open_one("A1", order_id="sending"))
    yes(book, "elsewhere", account=DE)
    book.yes(book.claimed(book.open_one("A1", order_id="test", test=True)))
    names = ["dead", "discarded", "elsewhere", "queued", "retrying", "sending", "test", "twice"]
    _, found = run(book, file, *(f"{name};A1;219,99;GBP" for name in names))
    assert {one.order_id: one.here for one in found} == {
        "dead": "dead", "discarded": "discarded", "elsewhere": "other_account", "queued": "queued",
        "retrying": "retrying", "sending": "sending", "test": "unknown", "twice": "dead",
    }  # fmt: skip
    (dead,) = [one.ours for one in found if one.order_id == "dead"]
    assert dead
    assert (dead.id, dead.state, dead.reason) == ("sovendus:uk:dead:A1", "dead", "rejected")


def test_a_replayed_letter_that_was_redeemed_is_reported(book: Book, file: Path) -> None:
    one = book.open_one("A1", order_id="1", order_value=Decimal(10))
    book.no(book.claimed(one))
    book.ledger.replay(one, UK, {}, {"outcome": "replayed"})
    book.yes(book.claimed(one))
    assert run(book, file, "1;A1;10,00;GBP")[1] == []


def test_presumed_ones_are_told_apart(book: Book, file: Path) -> None:
    for order_id in ("1", "2"):
        one = book.open_one("A1", order_id=order_id)
        book.later(book.claimed(one))
        book.passes(3)
        book.yes(book.claimed(one), State.PRESUMED)
    sums, found = run(book, file, "1;A1;219,99;GBP")
    assert kinds(found) == [("missing_there", "presumed", "2")]
    assert {(kind.value, here): total.count for (kind, here), total in sums.found.items()} == {
        ("agreed", "presumed"): 1, ("missing_there", "presumed"): 1,
    }  # fmt: skip


def test_the_period_and_the_account(book: Book, file: Path) -> None:
    yes(book, "1")
    yes(book, "2", account=Account("sovendus", "de", "fp1"))
    now = datetime.now(UTC)
    earlier = Scope("sovendus", None, None, now - timedelta(hours=1))
    assert kinds(run(book, file, "1;A1;10,00;GBP", scope=earlier)[1]) == [("missing_here", "other_period", "1")]
    one_shop = Scope("sovendus", "uk", now - timedelta(hours=1), now + timedelta(hours=1))
    assert run(book, file, "1;A1;10,00;GBP", scope=one_shop)[1] == []
    found = run(book, file, "1;A1;10,00;GBP", "2;A1;10,00;GBP", scope=one_shop)[1]
    assert kinds(found) == [("missing_here", "other_account", "2")]


def test_whose_statement_it_is_must_be_said_if_it_may_be_several_partners(book: Book, file: Path) -> None:
    yes(book, "1")
    assert run(book, file, "1;A1;10,00;GBP", scope=Scope())[1] == []
    yes(book, "1", account=DE)
    with pytest.raises(NoStatement, match=r"whose statement is it[?] --partner sovendus or uniqodo"):
        run(book, file, "1;A1;10,00;GBP", scope=Scope())


def test_a_statement_of_orders_only(book: Book, file: Path) -> None:
    yes(book, "1", "A1", "B2")
    yes(book, "2")
    file.write_text("Bestellnummer\n1\n3\n")
    sums, differences = reconcile(book.ledger, Statement(file), SOVENDUS, CENT)
    assert kinds(list(differences)) == [("missing_there", "redeemed", "2"), ("missing_here", "unknown", "3")]
    assert (sums.listed.count, sums.without_value) == (2, 2)


def test_a_column_that_is_no_order_number(book: Book, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reconciliation, "_MOST_OF_AN_ORDER", 10)
    with pytest.raises(NoStatement, match="order 'DE' is there 10 times"):
        run(book, file, *["DE;A1;10,00;GBP"] * 10)
    assert len(run(book, file, "1;A1;1,00;GBP", *[";A1;10,00;GBP"] * 35)[1]) == 36, (
        "lines that cannot be read may be many"
    )


def test_a_disk_that_is_full_is_an_error(book: Book, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.reports.disk_sort._UNNAMED", "/nonexistent/file")
    with pytest.raises(sqlite3.OperationalError, match="unable to open"):
        run(book, file, "1;A1;10,00;GBP")


orders, codes = (
    st.sampled_from(["1", "2", "3", "\N{LATIN SMALL LETTER E WITH ACUTE}", "\U0001f600"]),
    st.sampled_from(["A1", "B2"]),
)
values = st.sampled_from(["10.00", "11.00"])
reported = st.dictionaries(st.tuples(orders, codes), values, max_size=6)
listed = st.lists(st.tuples(orders, codes, values), max_size=6)


@given(ours=reported, theirs=listed)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_against_a_comparison_in_memory(
    redis: Redis, file: Path, ours: dict[tuple[str, str], str], theirs: list[tuple[str, str, str]]
) -> None:
    redis.flushdb()
    book = Book(redis)
    for (order_id, code), value in ours.items():
        yes(book, order_id, code, value=value)
    sums, found = run(book, file, *(f"{order_id};{code};{value};GBP" for order_id, code, value in theirs))

    lines: dict[tuple[str, str], list[str]] = {}
    for order_id, code, value in theirs:
        lines.setdefault((order_id, code), []).append(value)
    expected = Counter[tuple[str, str]]()
    for key, value in ours.items():
        if key not in lines:
            expected["missing_there", key[0]] += 1
        elif value not in lines[key]:
            expected["value_differs", key[0]] += 1
    for key, listed_values in lines.items():
        expected["missing_here", key[0]] += key not in ours
        expected["listed_twice", key[0]] += len(listed_values) - 1
    assert Counter((one.kind.value, one.order_id) for one in found) == +expected
    assert (sums.reported.count, sums.listed.count) == (len(ours), len(theirs))
    assert sums.agree == (not +expected)
