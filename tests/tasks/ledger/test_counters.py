"""What the ledger counts as it goes, for overviews and metrics."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from importlib import resources

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from redis import Redis

import tasks.ledger.scripts
from tasks.errors import Incomplete, Rejected, Unanswered
from tasks.ledger import State
from tests.moments import within_one_day
from tests.tasks.ledger.kit import LEASE, PLACED, UK, Book
from worker.dev.broker import EmbeddedValkey

HOUR_MS = 3_600_000
SCRIPTS = resources.files(tasks.ledger.scripts)
CALENDAR = "".join((SCRIPTS / f"{name}.lua").read_text() for name in ("clocks", "counters"))


def counted(book: Book) -> dict[str, str]:
    found = book.map("tally", UK.name)
    found.pop("last_yes_at", None)
    return found


def test_every_ending_and_every_call_is_counted(book: Book) -> None:
    one, two, three = book.open("A", "B", "C")
    book.later(book.claimed(one), delay=0)
    book.yes(book.claimed(one))
    book.no(book.claimed(two))
    book.claimed(three)
    book.passes(LEASE + 1)
    book.yes(book.claimed(three), State.PRESUMED)
    assert counted(book) == {
        "accepted": "3", "attempted:transient": "1", "redeemed": "1",
        "died:rejected:202": "1",
        "attempted:dead": "1", "lease_expired": "1", "presumed": "1",
    }  # fmt: skip


def test_what_dies_without_a_call_is_no_attempt(book: Book) -> None:
    book.open("A", fate=Incomplete("lacks its value"))
    assert counted(book) == {"accepted": "1", "died:incomplete:": "1"}


def test_strange_codes_are_counted_together(book: Book) -> None:
    for number, code in enumerate(["204", "OFFER", "x" * 50, "a:b"]):
        book.no(book.claimed(book.open_one(f"C{number}")), Rejected("no", code=code, status=200))
    died = {name: count for name, count in counted(book).items() if name.startswith("died")}
    assert died == {"died:rejected:204": "1", "died:rejected:OFFER": "1", "died:rejected:other": "2"}


def test_test_orders_are_not_counted(book: Book) -> None:
    (one,) = book.open("A", test=True)
    book.yes(book.claimed(one))
    book.open("B", test=True, fate=Incomplete("lacks its value"))
    assert counted(book) == {}
    assert book.map("daily", UK.name) == book.map("measures", UK.name) == {}


def test_a_yes_is_counted_once_however_often_it_is_recorded(book: Book) -> None:
    claim = book.claimed(book.open_one())
    book.yes(claim)
    book.yes(claim)
    assert counted(book)["redeemed"] == "1"
    assert book.ledger.redis.llen(book.ledger.key("lags", UK.name)) == 1


def test_days_are_utc_and_the_last_yes_is_by_the_servers_clock(book: Book) -> None:
    within_one_day()
    book.yes(book.claimed(book.open_one()))
    today = book.ledger.now()
    assert book.map("daily", UK.name) == {f"{today.date()}:accepted": "1", f"{today.date()}:redeemed": "1"}
    last = datetime.fromtimestamp(int(book.map("tally", UK.name)["last_yes_at"]) / 1000, UTC)
    assert abs(today - last) < timedelta(minutes=1)


def test_a_day_that_nobody_remembers_is_dropped(book: Book) -> None:
    old = book.ledger.now().date() - timedelta(days=400)
    book.ledger.redis.hset(book.ledger.key("daily", UK.name), f"{old}:accepted", "7")
    book.open_one()
    assert f"{old}:accepted" not in book.map("daily", UK.name)


@pytest.mark.parametrize(("ms", "bucket"), [(0, "50"), (50, "50"), (51, "100"), (30_000, "30000"), (30_001, "inf")])
def test_how_long_a_call_took_falls_into_one_bucket(book: Book, ms: int, bucket: str) -> None:
    claim = book.claimed(book.open_one())
    assert claim.record is not None
    book.ledger.park(claim.record.id, claim, Unanswered("HTTP 503"), 1, {"outcome": "transient", "ms": ms})
    assert book.map("measures", UK.name) == {f"call_ms:{bucket}": "1", "call_ms:sum": str(ms)}


def test_the_lag_counts_from_the_order(book: Book) -> None:
    book.yes(book.claimed(book.open_one()))
    (lag,) = book.ledger.redis.lrange(book.ledger.key("lags", UK.name), 0, -1)
    assert abs(int(lag) - (book.ledger.now() - PLACED).total_seconds() * 1000) < HOUR_MS
    assert book.map("measures", UK.name)["lag_ms:sum"] == lag


def test_of_lags_only_the_latest_are_kept(book: Book) -> None:
    key = book.ledger.key("lags", UK.name)
    book.ledger.redis.rpush(key, *range(1000))
    book.yes(book.claimed(book.open_one()))
    assert book.ledger.redis.llen(key) == 500
    assert book.ledger.redis.lindex(key, -1) == "498"


@pytest.fixture(scope="module")
def server(valkey: EmbeddedValkey) -> Iterator[Redis]:
    with Redis.from_url(valkey.url, decode_responses=True) as client:
        yield client


@settings(max_examples=200, deadline=None)
@example(datetime(2000, 2, 29, 23, 59, 59, 999000))  # noqa: DTZ001 - made aware below
@example(datetime(2100, 3, 1))  # noqa: DTZ001 - as above
@given(st.datetimes(datetime(1970, 1, 1), datetime(2400, 1, 1)))  # noqa: DTZ001 - as above
def test_the_calendar_in_lua_is_pythons(server: Redis, naive: datetime) -> None:
    moment = naive.replace(tzinfo=UTC, microsecond=naive.microsecond // 1000 * 1000)
    iso = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    script = CALENDAR + "return { text(milliseconds(ARGV[2])), date_of(milliseconds(ARGV[2])) }"
    ms, date = server.eval(script, 0, "redeem:", iso)
    assert int(ms) == (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)
    assert date == str(moment.date())
