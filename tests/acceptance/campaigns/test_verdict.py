"""The verdict on books made by hand: clean ones pass, and each kind of harm is found by its own rule."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from tasks.ledger import Record, State
from tests.acceptance.campaigns.books_by_hand import AMBIGUOUS, SOVENDUS, UNIQODO, Books
from tests.acceptance.campaigns.evidence import Fate
from tests.acceptance.campaigns.verdict import judge, money


@pytest.fixture
def books() -> Books:
    return Books()


def test_clean_books_have_no_findings(books: Books) -> None:
    assert judge(books.evidence()) == []
    assert money(books.evidence()) == {"EUR": (Decimal("49.90"), Decimal("49.90"), Decimal(0))}


def test_acknowledged_and_not_in_the_ledger_is_lost(books: Books) -> None:
    books.promise("sovendus:uk:2:GONE")
    assert books.broken() == {"lost", "money_astray"}


def test_half_an_order_that_is_gone_is_lost_though_its_money_is_there(books: Books) -> None:
    del books.records[UNIQODO], books.booked[UNIQODO], books.calls[UNIQODO]
    assert books.broken() == {"lost"}


def test_what_was_handed_in_at_once_and_given_up_is_there_whole_or_not_at_all(books: Books) -> None:
    books.given_up.append([SOVENDUS, UNIQODO, "sovendus:uk:2:GONE", "sovendus:uk:2:GONE-TOO"])
    assert books.broken() == set()  # what is there was promised to another
    for id_ in (SOVENDUS, UNIQODO):
        del books.promises[id_]
    assert books.broken() == {"torn"}
    books.given_up[0] = [SOVENDUS, UNIQODO]
    assert books.broken() == set()


def test_an_answer_that_a_door_may_not_give(books: Books) -> None:
    books.wrong_answers.append(("piece 1", "500 Internal Server Error"))
    assert books.broken() == {"misanswered"}


def test_an_order_that_was_rolled_back_and_came_to_somebodys_ears(books: Books) -> None:
    books.rolled_back.append("sovendus:uk:9:GONE")
    assert books.broken() == set()
    books.rolled_back.append(SOVENDUS)
    assert books.broken() == {"never_happened"}


def test_a_row_that_does_not_say_what_became_of_its_order(books: Books) -> None:
    books.wrong_rows.append(("postgresql N1", "queued"))
    assert books.broken() == {"row_astray"}


@pytest.mark.parametrize("state", ["queued", "sending", "retrying"])
def test_what_still_waits_is_unsettled(books: Books, state: str) -> None:
    books.promise("uniqodo:uk:1:CD34")
    books.record("uniqodo:uk:1:CD34", state)
    assert books.broken() == {"unsettled"}


def test_dead_though_the_partner_takes_it(books: Books) -> None:
    # Our own redemption, whose answer was lost, taken for somebody else's: what "presumed" is there to prevent.
    books.record(UNIQODO, "dead", (2, AMBIGUOUS), (4, {"outcome": "dead", "code": "201"}))
    books.call(UNIQODO, 1, 3)
    assert books.broken() == {"wrongly_ended"}


def test_done_though_the_partner_refuses_it(books: Books) -> None:
    books.promise(UNIQODO, Fate.NO)
    assert books.broken() == {"wrongly_ended"}


def test_presumed_without_an_attempt_of_ours_that_may_have_gone_through(books: Books) -> None:
    books.record(UNIQODO, "presumed", (2, {"outcome": "transient", "ambiguous": False, "status": 429}))
    books.call(UNIQODO, 1, 3)
    assert books.broken() == {"presumed_without_cause"}


def test_somebody_elses_code_may_be_presumed_after_a_lost_answer_only(books: Books) -> None:
    books.promise(UNIQODO, Fate.TAKEN)
    del books.booked[UNIQODO]
    books.call(UNIQODO, 1, 3)
    books.record(UNIQODO, "presumed", (2, AMBIGUOUS), (4, {"outcome": "presumed"}))
    assert books.broken() == set()
    books.record(UNIQODO, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == {"wrongly_ended", "unbooked"}


def test_done_by_our_books_and_not_by_the_partners(books: Books) -> None:
    del books.booked[SOVENDUS]
    assert books.broken() == {"unbooked"}


@pytest.mark.parametrize(("value", "currency"), [("49.89", "EUR"), ("49.9", "EUR"), ("49.90", "GBP")])
def test_books_agree_to_the_cent(books: Books, value: str, currency: str) -> None:
    books.book(SOVENDUS, order_value=value, currency=currency)
    assert books.broken() == {"mismatched"}


def test_a_second_report_has_the_same_value(books: Books) -> None:
    books.record(SOVENDUS, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    books.call(SOVENDUS, 1, 3)
    books.book(SOVENDUS, commits=2)
    books.booked[SOVENDUS][0].order_values[1] = "49.99"
    assert books.broken() == {"mismatched"}


def test_what_the_ledger_changed_on_the_way_is_seen(books: Books) -> None:
    books.records[SOVENDUS] = Record(SOVENDUS, {**books.records[SOVENDUS].fields, "order_value": "49.99"})
    books.book(SOVENDUS, order_value="49.99")
    assert "mismatched" in books.broken()


def test_booked_and_unknown_to_us(books: Books) -> None:
    books.book("sovendus:uk:3:STRAY")
    assert books.broken() == {"mismatched"}


def test_booked_and_dead_with_us(books: Books) -> None:
    books.promise(SOVENDUS, Fate.NO)
    books.record(SOVENDUS, "dead", (2, {"outcome": "dead"}))
    assert books.broken() == {"mismatched"}


def test_a_single_use_code_of_two_orders(books: Books) -> None:
    for kept in (books.promise, books.book):
        kept("uniqodo:uk:2:AB12")
    books.record("uniqodo:uk:2:AB12", "redeemed", (2, {"outcome": "redeemed"}))
    assert books.broken() == {"reused_code"}


def test_sovendus_twice_is_explained_by_an_ambiguous_attempt_only(books: Books) -> None:
    books.book(SOVENDUS, commits=2)
    books.call(SOVENDUS, 1, 3)
    books.record(SOVENDUS, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == set()
    books.record(SOVENDUS, "redeemed", (2, {"outcome": "transient", "ambiguous": False, "status": 429}))
    assert books.broken() == {"doubled"}


def test_each_further_booking_needs_an_ambiguous_attempt_of_its_own(books: Books) -> None:
    books.book(SOVENDUS, commits=3)
    books.call(SOVENDUS, 1, 3)
    books.record(SOVENDUS, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == {"doubled"}


def test_uniqodo_twice_is_never_right(books: Books) -> None:
    books.book(UNIQODO, commits=2)
    books.call(UNIQODO, 1, 3)
    books.record(UNIQODO, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == {"doubled"}


@pytest.mark.parametrize(
    "excuse",
    [
        AMBIGUOUS,
        {"outcome": "lease_expired", "ambiguous": True},
        {"outcome": "transient", "ambiguous": False, "status": 429},
        {"outcome": "account_refused", "status": 200},
    ],
)
def test_a_repeated_call_needs_an_excuse_between_the_two(books: Books, excuse: dict[str, Any]) -> None:
    books.call(UNIQODO, 1, 3)
    books.record(UNIQODO, "redeemed", (2, excuse), (4, {"outcome": "redeemed"}))
    assert books.broken() == set()
    for too_early_or_late in (-1.5, 3.5):
        books.record(UNIQODO, "redeemed", (too_early_or_late, excuse), (4, {"outcome": "redeemed"}))
        assert books.broken() == {"unexplained_call"}


def test_an_excuse_is_good_for_one_call(books: Books) -> None:
    books.call(UNIQODO, 1, 3, 3.5)
    books.record(UNIQODO, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == {"unexplained_call"}


def test_a_call_that_the_sandbox_entered_late_is_excused_all_the_same(books: Books) -> None:
    books.call(UNIQODO, 2.5, 3)
    books.record(UNIQODO, "redeemed", (2, AMBIGUOUS), (4, {"outcome": "redeemed"}))
    assert books.broken() == set()


@pytest.mark.parametrize("history", [{"outcome": "redeemed"}, {"outcome": "transient", "ambiguous": False}])
def test_a_call_after_a_yes_or_after_one_that_was_never_sent_is_unexplained(
    books: Books, history: dict[str, Any]
) -> None:
    books.call(SOVENDUS, 1, 3)
    books.record(SOVENDUS, "redeemed", (2, history), (4, {"outcome": "redeemed"}))
    assert books.broken() == {"unexplained_call"}


def test_a_call_for_what_nobody_sent(books: Books) -> None:
    books.call("sovendus:uk:3:STRAY", 1)
    assert books.broken() == {"unexplained_call"}


def test_money_that_changed_on_its_way(books: Books) -> None:
    for id_ in (SOVENDUS, UNIQODO):
        books.records[id_] = Record(id_, {**books.records[id_].fields, "order_value": "49.00"})
    assert books.broken() == {"money_astray"}


def test_money_of_a_dead_order_is_counted_as_dead_and_each_order_once(books: Books) -> None:
    for id_ in ("sovendus:uk:2:A", "sovendus:uk:2:B"):
        books.promise(id_, Fate.NO)
        books.record(id_, "dead", (2, {"outcome": "dead"}))
    assert books.broken() == set()
    assert money(books.evidence()) == {"EUR": (Decimal("99.80"), Decimal("49.90"), Decimal("49.90"))}


def test_the_report_leaves_nothing_out_and_tells_nothing_twice(books: Books) -> None:
    books.untold.add(UNIQODO)
    assert books.broken() == {"misreported"}
    books.untold.clear()
    books.told_besides.append((UNIQODO, State.DEAD))
    assert books.broken() == {"misreported"}


@pytest.mark.parametrize("what", ["accepted", "redeemed", "discarded"])
def test_the_counters_say_what_the_records_say(books: Books, what: str) -> None:
    books.counted_besides.append(what)
    assert books.broken() == {"miscounted"}
