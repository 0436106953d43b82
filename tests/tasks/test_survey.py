"""Totals of everything that waits or is dead: page by page, each order once."""

from __future__ import annotations

from decimal import Decimal

import pytest
from redis import Redis

from tasks.errors import Incomplete, Rejected, Unroutable
from tasks.ledger import Account, Ledger
from tasks.standing.survey import Cause, survey
from tests.tasks.ledger.kit import DE, MINUTE, Book

WORTH = Decimal("219.99")


@pytest.fixture
def book(redis: Redis) -> Book:
    return Book(redis)


def test_an_empty_ledger_has_nothing(book: Book) -> None:
    found = survey(book.ledger)
    assert (found.waiting.count, found.dead.count, found.dead.oldest, found.reasons) == (0, 0, None, {})


def test_states_are_counted_by_account(book: Book) -> None:
    one, two, _three = book.open("A", "B", "C")
    book.claimed(one)
    book.later(book.claimed(two))
    book.no(book.claimed(book.open_one("D", account=DE), DE))
    found = survey(book.ledger)
    assert found.accounts["sovendus", "uk"].states == {"sending": 1, "retrying": 1, "queued": 1}
    assert found.accounts["uniqodo", "de"].states == {"dead": 1}
    assert (found.waiting.count, found.dead.count) == (3, 1)


def test_an_order_counts_once_in_every_sum(book: Book) -> None:
    book.open("A", "B", order_id="1")
    book.open("C", account=DE, order_id="1")
    book.open("D", account=Account("uniqodo", "uk", "fp"), order_id="1")
    book.open("E", order_id="2", test=True)
    found = survey(book.ledger)
    assert found.accounts["sovendus", "uk"].waiting.money.totals == {"GBP": WORTH}
    assert found.waiting.money.totals == {"GBP": 2 * WORTH}, "one order of uk by two partners, and one of de"


def test_what_is_dead_is_told_by_cause_and_by_reason(book: Book) -> None:
    book.open("A", order_id="1", fate=Incomplete("lacks its value"))
    book.open("B", order_id="1", fate=Unroutable("nobody's"))
    book.open("C", order_id="2", account=DE, fate=Incomplete("lacks its value"))
    book.no(book.claimed(book.open_one("D", order_id="3")), Rejected("no", code="204"))
    found = survey(book.ledger)
    assert {reason: pile.count for reason, pile in found.reasons.items()} == {
        "incomplete": 2,
        "unroutable": 1,
        "rejected": 1,
    }
    assert found.causes[Cause("sovendus", "uk", "rejected", "204")].money.totals == {"GBP": WORTH}
    assert found.dead.money.totals == {"GBP": 3 * WORTH}


def test_a_letter_that_is_no_redemption_has_no_account(book: Book) -> None:
    book.ledger.keep("event:1", {"reason": "invalid_event", "raw_as": "text", "shop": "uk", "order_id": "7"}, "{}")
    found = survey(book.ledger)
    assert found.accounts["", ""].states == {"dead": 1}
    assert found.causes.keys() == {Cause("", "", "invalid_event", "")}


def test_the_oldest_and_the_newest_are_told(book: Book) -> None:
    old = book.open_one("A", order_id="1")
    book.passes(10 * MINUTE)
    new = book.open_one("B", order_id="2")
    pile = survey(book.ledger).waiting
    assert (str(pile.oldest), str(pile.newest)) == (
        book.record(old).fields["accepted_at"],
        book.record(new).fields["accepted_at"],
    )


@pytest.mark.parametrize("page", [1, 2, 3, 1000])
def test_pages_lose_and_double_nothing_though_many_came_in_the_same_millisecond(
    book: Book, redis: Redis, page: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.ledger.books._SURVEYED_AT_ONCE", page)
    for number in range(7):
        book.open(f"C{number}", order_id=str(number), fate=Incomplete("lacks its value"))
    together = dict.fromkeys(book.dead()[1:6], 1234567890123)
    redis.zadd(book.ledger.key("dead"), together)
    assert survey(book.ledger).dead.count == 7
    assert survey(book.ledger).dead.money.totals == {"GBP": 7 * WORTH}


def test_what_a_field_holds_cannot_pass_for_two(book: Book) -> None:
    book.open("A", order_id="1\x1fGBP\x1f", fate=Incomplete("lacks its value"))
    assert survey(book.ledger).dead.money.totals == {"GBP": WORTH}


def test_it_changes_nothing(book: Book, redis: Redis) -> None:
    book.open("A", "B")
    book.no(book.claimed(book.open_one("C")))
    redis.config_set("maxmemory", "1")
    try:
        assert survey(Ledger(redis, "redeem", book.limits)).waiting.count == 2
    finally:
        redis.config_set("maxmemory", "0")
