"""Numbers, money, times, plots and places, as the pages write them."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from config.values import is_loopback
from tests.tasks.ledger.kit import Book
from worker.flower_pages import wording
from worker.flower_pages.asked import Asked
from worker.flower_pages.broker import size
from worker.flower_pages.install import is_private
from worker.flower_pages.listing import Place, find_page, may_match
from worker.flower_pages.plots import days_plot
from worker.flower_pages.snapshot import Day

NOW = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


def test_money_has_its_sign_thousands_and_cents() -> None:
    assert wording.money("1234.5", "EUR") == "€1,234.50"
    assert wording.money(Decimal(0), "GBP") == "£0.00"
    assert wording.money("12", "CHF") == "12.00 CHF"
    assert wording.money(None, "EUR") == ""
    assert wording.moneys({"EUR": Decimal(1), "GBP": Decimal(2)}) == ["£2.00", "€1.00"]


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(None, "–"), (0.035, "35 ms"), (2.14, "2.1 s"), (60, "1 min"), (200, "3 min 20 s"), (7500, "2 h 5 min"),
     (273_600, "3 d 4 h")],
)  # fmt: skip
def test_durations_have_two_units_at_most(seconds: float | None, text: str) -> None:
    assert wording.duration(seconds) == text


def test_ages_have_one_unit() -> None:
    ages = [wording.age(NOW - timedelta(seconds=one), NOW) for one in (0, 40, 119, 120, 7199, 7200, 172_800)]
    assert ages == ["just now", "40 s", "119 s", "2 min", "119 min", "2 h", "2 d"]
    assert wording.age(None, NOW) == "–"


def test_lists_and_counts_read_as_sentences_do() -> None:
    assert wording.in_words([]) == ""
    assert wording.in_words(["a", "b", "c"]) == "a, b and c"
    assert [wording.count(n, "letter") for n in (0, 1, 1200)] == ["0 letters", "1 letter", "1,200 letters"]
    assert [size(n) for n in (512, 2_500_000, 3 * 1024**3)] == ["512 B", "2.4 MB", "3.0 GB"]


def test_a_plot_is_sound_and_says_in_words_what_it_shows() -> None:
    days = [Day(date(2026, 11, n), redeemed, dead) for n, redeemed, dead in ((1, 0, 0), (2, 900, 1), (3, 450, 450))]
    drawn = ET.fromstring(days_plot(days))
    assert drawn.get("aria-label") == "The last 3 days: 1,350 redeemed, 451 dead"
    bars = [one for one in drawn.iter() if one.get("class") in ("plot-redeemed", "plot-dead")]
    heights = [float(one.get("height", "")) for one in bars]
    assert heights[:2] == [0, 0]
    assert heights[3] >= 1  # one among nine hundred is seen
    assert heights[4] == heights[5]
    assert all(float(one.get("y", "")) >= 0 for one in bars)
    assert ET.fromstring(days_plot([])) is not None


def test_what_is_asked_for_is_read_or_refused() -> None:
    asked = Asked.read({"partner": " uniqodo ", "since": "2h", "until": "2026-11-21 20:00", "evil": "x"}, NOW)
    assert (asked.filters.partner, asked.filters.since) == ("uniqodo", NOW - timedelta(hours=2))
    assert asked.filters.until == datetime(2026, 11, 21, 20, tzinfo=UTC)
    assert set(Asked.read({"since": "soon", "until": "1e99d"}, NOW).wrong) == {"since", "until"}


@pytest.mark.parametrize("text", ["", "x", "12", "~a", "12~", "99999999999999999999~a", "-1~a"])
def test_a_place_that_is_none_is_the_beginning(text: str) -> None:
    assert Place.read(text) is None


def test_letters_of_one_millisecond_are_each_told_once(book: Book) -> None:
    made = [book.open_one(f"C{n}", order_id=f"{n}") for n in range(7)]
    for one in made:
        book.no(book.claimed(one))
        book.redis.hset(f"redeem:redemption:{one}", "died_at", "1700000000123")
        book.redis.zadd("redeem:dead", {one: 1700000000123})
    seen: list[str] = []
    place: Place | None = None
    while True:
        page = find_page(book.ledger, Asked.read({}, NOW).filters, place, size=3)
        seen += [record.id for record in page.records]
        place = page.older and Place.read(page.older.write())
        if place is None:
            break
    assert seen == sorted(made, reverse=True)


@pytest.mark.parametrize(
    ("host", "ours"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("a.localhost", True), ("127.8.0.1", True),
     ("LOCALHOST", True), ("localhost.", True), ("[::1]", True), ("::ffff:127.0.0.1", True),
     ("evil.example", False), ("10.0.0.1", False), ("", False), ("localhost.evil.example", False)],
)  # fmt: skip
def test_this_machine_is_known_by_its_names(host: str, ours: bool) -> None:  # noqa: FBT001 - a parameter of the test
    assert is_loopback(host) is ours


def test_where_flower_may_listen_without_a_login() -> None:
    assert [is_private(one) for one in ("127.0.0.1", "::1", "localhost", "", "0.0.0.0", "::")] == [True] * 3 + [
        False
    ] * 3


def test_a_search_without_time_says_where_it_got_to_and_goes_on_from_there(book: Book) -> None:
    made = [book.open_one(f"C{n}", order_id=f"{n}") for n in range(600)]
    for one in made:
        book.redis.zadd("redeem:dead", {one: 1700000000000 + int(one.split(":")[2])})
        book.redis.hset(f"redeem:redemption:{one}", mapping={"state": "dead", "died_at": 1700000000000})
    filters = Asked.read({"order": "7"}, NOW).filters
    first = find_page(book.ledger, filters, None, patience=0)
    assert (first.records, first.searching) == ([], True)
    second = find_page(book.ledger, filters, first.older, patience=0)
    assert [record.order_id for record in second.records] == ["7"]


@pytest.mark.parametrize(
    ("letter", "meant"),
    [("uniqodo:uk:12:AB1", True), ("test:uniqodo:uk:12:AB1", True), ("uniqodo:uk:12:AB2", False),
     ("uniqodo:uk:13:AB1", False), ("event:0f3a", True), ("uniqodo:u%3Ak:12:AB1", False)],
)  # fmt: skip
def test_ids_tell_most_letters_apart(letter: str, meant: bool) -> None:  # noqa: FBT001 - a parameter of the test
    filters = Asked.read({"partner": "uniqodo", "shop": "uk", "order": "12", "code": " ab1"}, NOW).filters
    assert may_match(letter, filters) is meant
