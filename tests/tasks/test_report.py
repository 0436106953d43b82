"""What was settled in a period, of a real ledger's outcomes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from tasks.errors import Unroutable
from tasks.ledger import State, books
from tasks.reports.settled import Selection, settled
from tests.tasks.ledger.kit import DE, UK, Book, redemption


@pytest.fixture
def book(redis: Redis) -> Book:
    return Book(redis)


def told(book: Book, selection: Selection | None = None) -> list[tuple[str, str]]:
    return [(record.id, record.state.value) for record in settled(book.ledger, selection or Selection())]


def yes(book: Book, code: str = "AB12", order_id: str = "145789") -> str:
    one = book.open_one(code, order_id=order_id)
    book.yes(book.claimed(one))
    return one


def replayed(book: Book, one: str) -> None:
    assert book.ledger.replay(one, UK, {}, {"outcome": "replayed"}) == "ring"


def test_nothing_settled(book: Book) -> None:
    book.open_one()
    assert told(book) == []


def test_every_way_to_end_is_told(book: Book) -> None:
    redeemed, presumed, dead, discarded = book.open("A", "B", "C", "D")
    book.yes(book.claimed(redeemed))
    book.later(book.claimed(presumed))
    book.passes(3)
    book.yes(book.claimed(presumed), State.PRESUMED)
    for one in (dead, discarded):
        book.no(book.claimed(one))
    assert book.ledger.discard(discarded, {"outcome": "discarded"})
    (born_dead,) = book.open("E", fate=Unroutable("nowhere to go"))
    assert told(book) == [
        (redeemed, "redeemed"), (presumed, "presumed"), (dead, "dead"), (discarded, "discarded"), (born_dead, "dead"),
    ]  # fmt: skip


def test_a_record_holds_what_its_redemption_had(book: Book) -> None:
    one = yes(book)
    (record,) = settled(book.ledger, Selection())
    assert record.to_json() == book.record(one).to_json()
    assert record.moment("at") == book.record(one).moment("reported_at")
    assert not {"personal", "email_hash", "history"} & record.fields.keys()


def test_a_replayed_letter_is_what_it_became(book: Book) -> None:
    one = book.open_one()
    book.no(book.claimed(one))
    assert told(book) == [(one, "dead")]
    replayed(book, one)
    assert told(book) == []
    book.yes(book.claimed(one))
    assert told(book) == [(one, "redeemed")]


def test_a_letter_that_died_twice_is_told_once_with_its_last_reason(book: Book) -> None:
    one = book.open_one()
    book.no(book.claimed(one))
    replayed(book, one)
    book.no(book.claimed(one), Unroutable("nowhere to go"))
    (record,) = settled(book.ledger, Selection())
    assert (record.id, record.reason) == (one, "unroutable")
    assert len(book.outcomes()) == 2


def test_a_late_yes_over_a_dead_letter(book: Book) -> None:
    one = book.open_one()
    first = book.claimed(one)
    book.passes(61)
    book.no(book.claimed(one))
    assert book.yes(first).result == "settled"
    assert told(book) == [(one, "redeemed")]


def test_an_erased_letter_is_not_told(book: Book, redis: Redis) -> None:
    one = book.open_one()
    book.no(book.claimed(one))
    redis.delete(book.ledger.key("redemption", one))
    assert told(book) == []


def test_what_expired_is_told_as_long_as_the_stream_has_it(book: Book, redis: Redis) -> None:
    one = yes(book)
    redis.delete(book.ledger.key("redemption", one))
    assert told(book) == [(one, "redeemed")]


def test_a_test_order_is_not_told(book: Book) -> None:
    book.yes(book.claimed(book.open_one(test=True)))
    book.no(book.claimed(book.open_one("CD34", test=True)))
    assert told(book) == []


def test_filters(book: Book) -> None:
    here = yes(book)
    there = book.open_one(account=DE)
    book.no(book.claimed(there, DE))
    assert told(book, Selection(partner="uniqodo")) == [(there, "dead")]
    assert told(book, Selection(shop="uk")) == [(here, "redeemed")]
    assert told(book, Selection(partner="uniqodo", shop="uk")) == []
    assert told(book, Selection(states=(State.REDEEMED, State.PRESUMED))) == [(here, "redeemed")]
    assert told(book, Selection(states=(State.DEAD,))) == [(there, "dead")]


def test_the_period_includes_its_beginning_and_not_its_end(book: Book) -> None:
    one = yes(book)
    at = book.record(one).moment("reported_at")
    assert at is not None
    soon = at + timedelta(milliseconds=1)
    assert told(book, Selection(since=at, until=soon)) == [(one, "redeemed")]
    assert told(book, Selection(until=at)) == []
    assert told(book, Selection(since=soon)) == []


def entry(redis: Redis, number: int, at: datetime, *, stream_id: str) -> None:
    """As the ledger writes it, at any time."""
    one = redemption(f"C{number}")
    milliseconds = str(round(at.timestamp() * 1000))
    fields = {"at": milliseconds, "id": one.id, "partner": one.partner, "shop": one.shop, "order_id": one.order_id,
              "code": one.code, "state": "redeemed", "attempts": "1", "reported_at": milliseconds}  # fmt: skip
    redis.xadd("redeem:outcomes", fields, id=stream_id)  # type: ignore[arg-type]  # its fields' type is invariant


NOVEMBER, DECEMBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC)


def test_a_clock_set_back_loses_and_doubles_nothing(book: Book, redis: Redis) -> None:
    """The stream's ids go on from the highest, within one millisecond, until the clock has caught up."""
    ahead = round((DECEMBER + timedelta(hours=1)).timestamp() * 1000)
    entry(redis, 0, DECEMBER + timedelta(hours=1), stream_id=f"{ahead}-0")
    moments = [DECEMBER - timedelta(minutes=59 - minute) for minute in range(60)]  # set back by two hours
    for number, moment in enumerate(moments, start=1):
        entry(redis, number, moment, stream_id=f"{ahead}-{number}")
    november = told(book, Selection(since=NOVEMBER, until=DECEMBER))
    december = told(book, Selection(since=DECEMBER))
    assert [one for one, _ in november] == [redemption(f"C{number}").id for number in range(1, 60)]
    assert [one for one, _ in december] == [redemption(f"C{number}").id for number in (0, 60)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 7])
def test_pages_neither_lose_nor_double(book: Book, redis: Redis, monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(books, "_REPORTED_AT_ONCE", 2)
    for number in range(count):
        entry(redis, number, NOVEMBER, stream_id=f"1793491200000-{number + 1}")
    assert [one for one, _ in told(book)] == [redemption(f"C{number}").id for number in range(count)]


def test_what_comes_about_meanwhile_is_not_told(book: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(books, "_REPORTED_AT_ONCE", 1)
    letter = book.open_one("DEAD1")
    book.no(book.claimed(letter))
    later = yes(book, "LATER")
    reading = settled(book.ledger, Selection())
    assert next(reading).id == letter
    replayed(book, letter)
    book.yes(book.claimed(letter))
    assert [record.id for record in reading] == [later], "the letter is not told twice"


def test_an_entry_of_before_there_was_a_time_in_it(book: Book) -> None:
    one = yes(book)
    stream, key = book.ledger.redis, book.ledger.key("outcomes")
    ((entry_id, fields),) = stream.xrange(key)
    del fields["at"]
    stream.delete(key)
    stream.xadd(key, fields, id=entry_id)
    assert told(book, Selection(since=datetime(2026, 1, 1, tzinfo=UTC))) == [(one, "redeemed")]
