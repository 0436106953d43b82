"""Claims: one live owner at a time, counted before the call, and what becomes of a claim whose owner died."""

from __future__ import annotations

from decimal import Decimal

import pytest

from tasks.errors import NotSent
from tasks.ledger import Account, State
from tasks.ledger.ledger import CRASHES_ALLOWED
from tests.tasks.ledger.kit import DE, GIVE_UP, HOUR, LEASE, UK, Book


def lose(book: Book, redemption_id: str) -> None:
    """A worker claims it and is never heard of again."""
    book.claimed(redemption_id)
    book.passes(LEASE + 1)


def test_a_claim_counts_the_attempt_and_wakes_at_the_end_of_its_lease(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)

    assert claim.record is not None
    assert (claim.record.state, claim.record.attempts, claim.record.ambiguous) == (State.SENDING, 1, False)
    assert book.wakes() == {one: pytest.approx(LEASE, abs=5)}


def test_a_claim_tells_all_that_a_call_needs(book: Book) -> None:
    (one,) = book.open(
        "sümmer %/+\u001e",
        account=DE,
        discount=Decimal("5.00"),
        customer_id="c-1",
        source="online",
        params=("a", "", "ü"),
    )
    known = book.record(one).redemption()
    record = book.claimed(one, DE).record
    assert record is not None
    assert record.redemption() == known
    assert (record.tries, record.fields.get("error_message")) == (1, None)


def test_an_unknown_id_is_unknown(book: Book) -> None:
    assert book.claim("sovendus:uk:1:NONE").status == "unknown"


def test_a_live_owner_keeps_all_others_off(book: Book) -> None:
    one = book.open_one()
    book.claimed(one)
    book.passes(LEASE - 10)

    assert book.claim(one).status == "busy"
    assert book.record(one).attempts == 1


@pytest.mark.parametrize("ending", ["redeemed", "presumed", "dead", "discarded"])
def test_what_is_settled_is_not_claimed_again(book: Book, ending: str) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    if ending in ("redeemed", "presumed"):
        book.yes(claim, State(ending))
    else:
        book.no(claim)
    if ending == "discarded":
        book.ledger.discard(one, {"outcome": "discarded"})

    assert book.state(one) == ending
    assert book.claim(one).status == "settled"


def test_a_doorbell_before_the_backoff_is_over_is_too_early(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=60)
    book.passes(50)
    assert book.claim(one).status == "early"
    book.passes(10)
    assert book.claim(one).status == "claimed"


def test_a_claim_of_a_resting_account_leaves_it_due(book: Book) -> None:
    one = book.open_one()
    book.ledger.pause(UK)
    assert book.claim(one).status == "resting"
    assert book.state(one) is State.QUEUED
    assert book.wakes()[one] <= 0
    assert book.record(one).attempts == 0


def test_a_lease_that_ran_out_makes_the_earlier_attempt_ambiguous(book: Book) -> None:
    one = book.open_one()
    lose(book, one)
    record = book.claimed(one).record

    assert record is not None
    assert record.ambiguous
    assert record.attempts == 2
    assert book.record(one).fields["crashes"] == "1"
    assert book.record(one).history()[-1]["outcome"] == "lease_expired"


def test_one_that_kills_its_workers_is_handed_out_to_be_buried(book: Book) -> None:
    one = book.open_one()
    for _ in range(CRASHES_ALLOWED):
        lose(book, one)
    claim = book.claim(one)

    assert claim.status == "crashed"
    assert book.record(one).attempts == CRASHES_ALLOWED  # this last claim makes no call
    assert book.no(claim).result == "buried"


def test_whoever_dies_over_a_burial_leaves_it_to_the_next(book: Book) -> None:
    one = book.open_one()
    for _ in range(CRASHES_ALLOWED):
        lose(book, one)
    assert book.claim(one).status == "crashed"
    book.passes(LEASE + 1)
    assert book.claim(one).status == "crashed"
    assert book.record(one).attempts == CRASHES_ALLOWED


def test_an_answer_in_between_clears_the_count_of_crashes(book: Book) -> None:
    one = book.open_one()
    for _ in range(CRASHES_ALLOWED - 1):
        lose(book, one)
    book.later(book.claimed(one), delay=0)
    lose(book, one)

    assert book.claim(one).status == "claimed"
    assert book.record(one).fields["crashes"] == "1"


def test_after_an_outage_leases_last_one_lease_time_more(book: Book) -> None:
    one = book.open_one()
    book.claimed(one)
    book.passes(HOUR, watched=False)

    # A doorbell may be heard before any waker has looked.
    assert book.claim(one).status == "busy"
    assert book.look() == []
    book.passes(LEASE - 10)
    assert book.claim(one).status == "busy"
    assert book.look() == []
    book.passes(10)
    assert book.look() == [one]
    assert book.claim(one).status == "claimed"


def test_a_claim_whose_answer_was_lost_is_made_again_and_counts_once(book: Book) -> None:
    one = book.open_one()
    book.claim(one, owner="me")
    book.passes(LEASE - 10)
    again = book.claim(one, owner="me")

    assert again.status == "claimed"
    assert again.record is not None
    assert (again.record.attempts, again.record.tries, again.record.ambiguous) == (1, 1, False)
    assert book.wakes() == {one: pytest.approx(LEASE, abs=5)}  # renewed


def test_a_lost_answer_about_a_burial_is_not_taken_for_leave_to_send(book: Book) -> None:
    one = book.open_one()
    for _ in range(CRASHES_ALLOWED):
        lose(book, one)
    assert [book.claim(one, owner="me").status for _ in range(2)] == ["crashed", "crashed"]


def test_one_that_waited_too_long_is_handed_out_to_be_buried(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one))
    book.passes(GIVE_UP)
    claim = book.claim(one)

    assert claim.status == "gave_up"
    assert book.record(one).attempts == 1


def test_the_give_up_clock_stands_still_while_the_account_is_paused(book: Book) -> None:
    one = book.open_one()
    book.ledger.pause(UK)
    book.passes(GIVE_UP + HOUR)
    book.look()
    book.ledger.resume(UK)
    book.passes(GIVE_UP - HOUR)

    book.later(book.claimed(one), delay=0)
    book.passes(HOUR)
    assert book.claim(one).status == "gave_up"


def test_the_give_up_clock_stands_still_while_the_key_is_refused(book: Book) -> None:
    one, other = book.open("AB12", "CD34", account=DE)
    book.refused(book.claimed(one, DE))
    book.passes(GIVE_UP + HOUR)
    assert book.claim(other, DE).status == "resting"
    book.ledger.resume(DE)

    assert book.claim(one, DE).status == "claimed"


def test_a_call_still_under_way_when_its_account_is_paused_does_not_start_the_clock(book: Book) -> None:
    one, other = book.open("AB12", "CD34", account=DE)
    first, second = book.claimed(one, DE), book.claimed(other, DE)
    book.refused(first)
    book.ledger.pause(DE)
    book.yes(second)  # the key is well after all; the pause goes on
    book.passes(GIVE_UP + HOUR)
    book.ledger.resume(DE)

    assert book.claim(one, DE).status == "claimed"


def test_nothing_is_given_up_while_the_account_is_paused(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    under_way = book.claimed(other)
    book.passes(GIVE_UP)
    book.ledger.pause(UK)

    assert book.claim(one).status == "resting"
    assert book.later(under_way).result == "parked"
    book.ledger.resume(UK)
    assert book.claim(one).status == "gave_up"


def test_nothing_is_given_up_while_the_key_is_refused(book: Book) -> None:
    one, other = book.open("AB12", "CD34", account=DE)
    under_way = book.claimed(other, DE)
    book.passes(GIVE_UP)
    book.refused(under_way)
    assert book.claim(one, DE).status == "resting"


def test_the_give_up_clock_goes_on_once_the_key_is_mended(book: Book) -> None:
    one = book.open_one(account=DE)
    book.refused(book.claimed(one, DE))
    book.passes(GIVE_UP)
    mended = Account(DE.partner, DE.shop, "mended")
    assert book.look(mended) == [one]
    book.passes(GIVE_UP - HOUR)
    assert book.look(mended) == [one]
    book.passes(HOUR)
    assert book.claim(one, mended).status == "gave_up"


def test_the_give_up_clock_starts_anew_at_a_replay(book: Book) -> None:
    one = book.open_one()
    book.passes(GIVE_UP)
    book.no(book.claim(one))
    book.passes(GIVE_UP)
    book.ledger.replay(one, UK, {}, {"outcome": "replayed"})

    assert book.claim(one).status == "claimed"


def test_giving_up_after_no_time_at_all_still_means_one_attempt(book: Book) -> None:
    strict = Book(book.redis, book.limits.__class__(book.limits.keep, 0.0, book.limits.breaker))
    one = strict.open_one()
    claim = strict.claimed(one)
    assert strict.later(claim, NotSent("connection refused")).result == "gave_up"
    assert strict.state(one) is State.DEAD


def test_giving_up_after_no_time_at_all_spares_what_rests_untried(book: Book) -> None:
    strict = Book(book.redis, book.limits.__class__(book.limits.keep, 0.0, book.limits.breaker))
    strict.break_account()
    one = strict.open_one()
    strict.look()
    assert strict.state(one) is State.QUEUED


def test_a_claim_given_back_is_not_counted_and_is_due_at_once(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    assert book.ledger.release(one, claim)

    record = book.record(one)
    assert (record.state, record.attempts, record.tries, record.ambiguous) == (State.QUEUED, 0, 0, False)
    assert book.look() == [one]
    assert book.claim(one).status == "claimed"


def test_a_retry_given_back_is_a_retry_still(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=0)
    book.ledger.release(one, book.claimed(one))
    assert (book.state(one), book.record(one).attempts) == (State.RETRYING, 1)


def test_nobody_gives_back_anothers_claim(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    book.claimed(one)

    assert not book.ledger.release(one, former)
    assert (book.state(one), book.record(one).attempts) == (State.SENDING, 2)


def test_test_redemptions_go_through_even_when_the_account_takes_nothing(book: Book) -> None:
    trial = book.open_one("AB12", account=DE, test=True)
    book.ledger.pause(DE)
    assert book.claim(trial, DE).status == "claimed"
