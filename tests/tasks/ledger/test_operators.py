"""What operators do to the ledger: replay, discard, pause, resume, bring forward."""

from __future__ import annotations

import pytest

from tasks.errors import Unanswered
from tasks.ledger import Account, State
from tests.tasks.ledger.kit import DE, KEEP, LEASE, MINUTE, UK, Book

REPLAYED = {"outcome": "replayed", "by": "anna@shop"}
DISCARDED = {"outcome": "discarded", "by": "anna@shop"}


def buried(book: Book) -> str:
    one = book.open_one()
    book.later(book.claimed(one), Unanswered("HTTP 503", status=503), delay=0)
    book.no(book.claimed(one))
    return one


def test_a_replay_starts_anew_and_forgets_nothing(book: Book) -> None:
    one = buried(book)
    assert book.ledger.replay(one, UK, {}, REPLAYED) == "ring"

    record = book.record(one)
    assert (record.state, record.reason, record.tries, record.attempts) == (State.QUEUED, None, 0, 2)
    assert record.ambiguous  # what may have gone through before may still have
    assert [entry["outcome"] for entry in record.history()] == ["transient", "dead", "replayed"]
    assert book.dead() == []
    assert list(book.wakes()) == [one]
    assert book.claim(one).status == "claimed"


def test_a_replay_to_an_account_that_takes_nothing_rests(book: Book) -> None:
    one = buried(book)
    book.ledger.pause(UK)
    assert book.ledger.replay(one, UK, {}, REPLAYED) == "rest"
    assert book.wakes()[one] <= 0


def test_a_replay_can_mend_fields(book: Book) -> None:
    one = buried(book)
    book.ledger.replay(one, UK, {"currency": "EUR"}, REPLAYED)
    assert book.record(one).redemption().currency == "EUR"


@pytest.mark.parametrize("state", [State.QUEUED, State.SENDING, State.RETRYING, State.REDEEMED, State.DISCARDED])
def test_only_a_dead_letter_is_replayed_or_discarded(book: Book, state: State) -> None:
    one = book.open_one()
    match state:
        case State.SENDING:
            book.claimed(one)
        case State.RETRYING:
            book.later(book.claimed(one))
        case State.REDEEMED:
            book.yes(book.claimed(one))
        case State.DISCARDED:
            book.no(book.claimed(one))
            book.ledger.discard(one, DISCARDED)
    before = book.record(one)

    assert before.state is state
    assert book.ledger.replay(one, UK, {"currency": "EUR"}, REPLAYED) == "no"
    assert not book.ledger.discard(one, DISCARDED)
    assert book.record(one) == before


def test_nothing_unknown_is_replayed_or_discarded(book: Book) -> None:
    assert book.ledger.replay("sovendus:uk:1:NONE", UK, {}, REPLAYED) == "no"
    assert not book.ledger.discard("sovendus:uk:1:NONE", DISCARDED)
    assert book.ledger.find("sovendus:uk:1:NONE") is None


def test_discarding_closes_it_drops_personal_data_and_lets_it_expire(book: Book) -> None:
    one = buried(book)
    assert book.ledger.discard(one, DISCARDED)

    record = book.record(one)
    assert record.state is State.DISCARDED
    assert "personal" not in record.fields
    assert record.reason == "rejected"
    assert book.dead() == []
    assert book.ends() == {"discarded": "1"}
    assert book.outcomes()[-1]["state"] == "discarded"
    book.passes(KEEP)
    assert book.ledger.find(one) is None


def test_a_dead_letter_does_not_age_away(book: Book) -> None:
    one = buried(book)
    book.passes(10 * KEEP)
    assert book.state(one) is State.DEAD
    assert book.dead() == [one]


def test_a_pause_stops_everything_and_a_resume_starts_anew_with_a_few(book: Book) -> None:
    ids = book.open(*(f"C{n}" for n in range(10)))
    assert book.ledger.pause(UK)
    assert not book.ledger.pause(UK)
    assert {book.claim(one).status for one in ids} == {"resting"}
    assert book.look() == []

    assert book.ledger.resume(UK)
    assert not book.ledger.resume(UK)
    assert len(book.look()) == 4
    assert [book.claim(one).status for one in ids].count("claimed") == 4


def test_what_is_under_way_when_the_pause_comes_is_recorded(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    first, second = book.claimed(one), book.claimed(other)
    book.ledger.pause(UK)
    book.yes(first)
    book.later(second, delay=0)

    assert (book.state(one), book.state(other)) == (State.REDEEMED, State.RETRYING)
    assert book.claim(other).status == "resting"


def test_a_pause_is_not_lifted_by_a_success(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    claim = book.claimed(one)
    book.ledger.pause(UK)
    book.yes(claim)
    assert book.claim(other).status == "resting"


@pytest.mark.parametrize("how", ["open", "refused"])
def test_a_resume_closes_the_breaker_whatever_opened_it(book: Book, how: str) -> None:
    if how == "open":
        one = book.break_account(DE)[0]
    else:
        one = book.open_one(account=DE)
        book.refused(book.claimed(one, DE))
    book.passes(MINUTE)

    assert book.ledger.resume(DE)
    assert one in book.look(DE)
    assert book.claim(one, DE).status == "claimed"


def test_a_resume_reaches_workers_whose_settings_the_operator_does_not_have(book: Book) -> None:
    one = book.open_one(account=DE)
    book.refused(book.claimed(one, DE))
    book.passes(MINUTE)

    assert book.ledger.resume(Account(DE.partner, DE.shop, "the operator's own"))
    assert book.claim(one, DE).status == "claimed"


def test_a_resume_keeps_that_the_account_has_answered_once(book: Book) -> None:
    book.yes(book.claimed(book.open_one()))
    book.break_account()
    book.ledger.resume(UK)
    assert book.health()["proven"] == "1"


def test_a_pause_of_an_account_without_redemptions_holds_for_the_first_one(book: Book) -> None:
    book.ledger.pause(UK)
    (opened,) = book.opened("AB12")
    assert opened.result == "rest"
    assert UK.name in book.ledger.accounts()


def test_a_retry_is_brought_forward(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=900)
    assert book.ledger.hasten(one)
    assert not book.ledger.hasten(one)
    assert book.look() == [one]
    assert book.claim(one).status == "claimed"


def test_only_what_waits_for_its_backoff_is_brought_forward(book: Book) -> None:
    queued, sending, settled = book.open("AB12", "CD34", "EF56")
    book.claimed(sending)
    book.yes(book.claimed(settled))
    for one in (queued, sending, settled, "sovendus:uk:1:NONE"):
        assert not book.ledger.hasten(one)
    assert book.wakes()[sending] > LEASE - 1
