"""Recording what came of an attempt: who may, what it leaves behind, and that a lost answer does no harm."""

from __future__ import annotations

import json

import pytest

from tasks.errors import AccountRefused, AlreadyRedeemed, Declined, Incomplete, NotSent, Unanswered, Unroutable
from tasks.ledger import LedgerLimits, State
from tests.tasks.ledger.kit import BREAKER, DE, GIVE_UP, HOUR, KEEP, LEASE, MINUTE, UK, Book


def test_the_partners_yes_settles_it_for_good(book: Book) -> None:
    one = book.open_one()
    assert book.yes(book.claimed(one)).result == "settled"

    record = book.record(one)
    assert record.state is State.REDEEMED
    assert json.loads(record.fields["receipt"]) == {"status": 200, "id": "1000001"}
    assert record.moment("reported_at") is not None
    assert book.wakes() == {}
    assert book.ends() == {"redeemed": "1"}
    assert record.history()[-1]["outcome"] == "redeemed"


def test_a_settled_record_drops_personal_data_at_once_and_expires_in_the_end(book: Book) -> None:
    one = book.open_one("AB12", customer_id="c-77")
    known = "".join(book.record(one).fields.values())
    assert all(personal in known for personal in ("1d94e91aafaebd74135e7b9195045bf5", "f458", "c-77"))
    book.yes(book.claimed(one))

    left = "".join(book.record(one).fields.values())
    assert not any(personal in left for personal in ("1d94e91aafaebd74135e7b9195045bf5", "f458", "c-77"))
    book.passes(KEEP - MINUTE)
    assert book.state(one) is State.REDEEMED
    book.passes(MINUTE)
    assert book.ledger.find(one) is None


def test_a_settled_record_forgets_why_earlier_attempts_failed_but_its_history_does_not(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=0)
    book.yes(book.claimed(one))

    record = book.record(one)
    assert "error_message" not in record.fields
    assert [entry["outcome"] for entry in record.history()] == ["transient", "redeemed"]


def test_every_end_is_told_in_the_outcome_stream(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    book.yes(book.claimed(one))
    book.no(book.claimed(other))

    settled, buried = book.outcomes()
    assert (settled["id"], settled["state"], settled["attempts"], settled["order_value"]) == (
        one,
        "redeemed",
        "1",
        "219.99",
    )
    assert (buried["id"], buried["state"], buried["reason"], buried["error_code"]) == (other, "dead", "rejected", "202")
    assert not any("personal" in entry for entry in (settled, buried))


def test_test_redemptions_stay_out_of_the_tally(book: Book) -> None:
    trial = book.open_one("AB12", test=True)
    book.yes(book.claimed(trial))
    assert not book.map("tally", UK.name)
    assert book.outcomes()[-1]["test"] == "1"


def test_a_former_owners_definite_yes_counts_while_nobody_settled(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    current = book.claimed(one)

    assert book.yes(former).result == "settled"
    assert book.yes(current).result == "late"
    assert book.no(current).result == "late"
    assert book.state(one) is State.REDEEMED
    assert book.ends() == {"redeemed": "1"}
    assert len(book.outcomes()) == 1


def test_a_former_owners_definite_yes_counts_while_it_waits_for_a_retry(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    book.later(book.claimed(one), delay=60)

    assert book.yes(former).result == "settled"
    assert book.wakes() == {}


def test_a_former_owners_definite_yes_outweighs_a_dead_letter_which_a_replay_would_send_again(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(GIVE_UP)
    book.no(book.claim(one))
    assert book.yes(former).result == "settled"

    record = book.record(one)
    assert (record.state, record.reason) == (State.REDEEMED, None)
    assert book.dead() == []
    assert book.ledger.replay(one, UK, {}, {"outcome": "replayed"}) == "no"
    assert book.redis.pttl(book.ledger.key("redemption", one)) > 0


def test_what_an_operator_closed_stays_closed(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    book.no(book.claimed(one))
    book.ledger.discard(one, {"outcome": "discarded"})

    assert book.yes(former).result == "late"
    record = book.record(one)
    assert record.state is State.DISCARDED
    assert record.history()[-1]["outcome"] == "redeemed"  # but not unheard


def test_only_the_owner_presumes(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    current = book.claimed(one)

    assert book.yes(former, State.PRESUMED).result == "late"
    assert book.state(one) is State.SENDING
    assert book.yes(current, State.PRESUMED).result == "settled"
    assert book.ends() == {"presumed": "1"}


def test_only_the_owner_buries_or_parks(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.passes(LEASE + 1)
    book.claimed(one)

    assert book.no(former).result == "late"
    assert book.later(former).result == "late"
    assert book.state(one) is State.SENDING
    assert [entry["outcome"] for entry in book.record(one).history()] == ["lease_expired", "dead", "transient"]


def test_a_dead_letter_keeps_all_that_a_replay_needs(book: Book) -> None:
    one = book.open_one()
    assert book.no(book.claimed(one), AlreadyRedeemed("Uniqodo 201", code="201", status=200)).result == "buried"

    record = book.record(one)
    assert (record.state, record.reason, record.fields["error_code"]) == (State.DEAD, "rejected", "201")
    assert record.redemption().email_hash is not None
    assert book.dead() == [one]
    assert book.wakes() == {}


def test_a_failed_attempt_waits_out_its_delay(book: Book) -> None:
    one = book.open_one()
    error = Declined("HTTP 429: too many requests", status=429, retry_after=60)
    assert book.later(book.claimed(one), error, delay=60) == ("parked", "")

    record = book.record(one)
    assert (record.state, record.ambiguous, record.fields["error_code"]) == (State.RETRYING, False, "429")
    assert book.wakes() == {one: pytest.approx(60, abs=5)}
    book.passes(50)
    assert book.look() == []
    book.passes(10)
    assert book.look() == [one]


def test_only_an_attempt_that_may_have_gone_through_is_ambiguous(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    book.later(book.claimed(one), NotSent("connection refused"))
    book.later(book.claimed(other), Unanswered("no answer: timed out"))
    assert (book.record(one).ambiguous, book.record(other).ambiguous) == (False, True)


def test_a_former_owners_lost_answer_makes_the_attempt_ambiguous_too(book: Book) -> None:
    one = book.open_one()
    former = book.claimed(one)
    book.ledger.release(one, former)
    current = book.claimed(one)
    book.later(former, Unanswered("no answer: timed out"))
    assert (book.state(one), book.record(one).ambiguous) == (State.SENDING, True)
    assert book.yes(current).result == "settled"


def test_a_refused_key_burns_nothing(book: Book) -> None:
    one = book.open_one("AB12", account=DE)
    assert book.refused(book.claimed(one, DE)) == ("parked", "refused")

    record = book.record(one)
    assert (record.state, record.attempts, record.tries) == (State.RETRYING, 1, 0)


def test_it_gives_up_once_it_has_waited_too_long_and_says_why(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=0)
    book.passes(GIVE_UP - 10)
    claim = book.claimed(one)
    book.passes(10)
    assert book.later(claim).result == "gave_up"

    record = book.record(one)
    assert (record.state, record.reason) == (State.DEAD, "gave_up")
    assert "172800 s: HTTP 503" in record.fields["error_message"]
    assert book.dead() == [one]
    assert book.wakes() == {}


@pytest.mark.parametrize("state", [State.REDEEMED, State.PRESUMED])
def test_a_yes_whose_answer_was_lost_is_recorded_once(book: Book, state: State) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    assert [book.yes(claim, state).result for _ in range(3)] == ["settled"] * 3
    assert len(book.record(one).history()) == len(book.outcomes()) == 1
    assert book.ends() == {state.value: "1"}


def test_a_no_whose_answer_was_lost_is_recorded_once(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    assert [book.no(claim).result for _ in range(3)] == ["buried"] * 3
    assert len(book.record(one).history()) == len(book.outcomes()) == 1

    book.ledger.replay(one, UK, {}, {"outcome": "replayed"})
    assert book.no(claim).result == "buried"
    assert book.state(one) is State.QUEUED


def test_a_retry_whose_answer_was_lost_is_recorded_once(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    assert [book.later(claim, delay=0).result for _ in range(3)] == ["parked"] * 3
    assert len(book.record(one).history()) == 1
    assert book.health()["failures"] == "1"

    book.claimed(one)
    assert book.later(claim).result == "parked"
    assert book.state(one) is State.SENDING


def test_giving_up_whose_answer_was_lost_is_giving_up_still(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    book.passes(GIVE_UP)
    assert [book.later(claim).result for _ in range(2)] == ["gave_up"] * 2
    assert len(book.outcomes()) == 1


def test_recording_about_what_is_no_longer_there_is_late(book: Book) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    book.redis.delete(book.ledger.key("redemption", one))

    assert {book.yes(claim).result, book.no(claim).result, book.later(claim).result} == {"late"}
    assert book.ledger.find(one) is None


def test_the_history_is_bounded_and_keeps_the_newest(book: Book) -> None:
    one = book.open_one()
    for number in range(300):
        claim = book.claimed(one)
        error = AccountRefused(f"{number} " + "x" * 60)
        book.ledger.park(one, claim, error, 0.0, {"outcome": "account_refused", "error": error.message})
        book.ledger.resume(UK)

    history = book.record(one).history()
    assert len(book.record(one).fields["history"]) < 20_000
    assert str(history[-1]["error"]).startswith("299 ")


def test_putting_off_moves_the_wake_up_and_counts_nothing(book: Book) -> None:
    one = book.open_one()
    assert book.ledger.defer(one, 60, Unroutable("no account")) == "deferred"

    record = book.record(one)
    assert (record.state, record.attempts, record.fields["error_message"]) == (State.QUEUED, 0, "no account")
    assert book.wakes() == {one: pytest.approx(60, abs=5)}
    assert book.claim(one).status == "claimed"  # by a worker that has the account


def test_putting_off_does_not_bring_a_retry_before_its_time(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=900)
    book.ledger.defer(one, 2, Unroutable("no account"))
    assert book.wakes() == {one: pytest.approx(900, abs=5)}


def test_putting_off_is_not_giving_up_before_the_one_attempt_that_everything_gets(book: Book) -> None:
    strict = Book(book.redis, LedgerLimits(KEEP, 0.0, BREAKER))
    one = strict.open_one()
    assert strict.ledger.defer(one, 60, Unroutable("no account")) == "deferred"


def test_putting_off_for_too_long_is_giving_up(book: Book) -> None:
    one = book.open_one()
    book.passes(GIVE_UP)
    assert book.ledger.defer(one, 60, Unroutable("no account")) == "gave_up"
    assert "no account" in book.record(one).fields["error_message"]
    assert book.dead() == [one]


def test_there_is_nothing_to_put_off_about_what_is_sent_or_settled_or_unknown(book: Book) -> None:
    one, other = book.open("AB12", "CD34")
    book.claimed(one)
    book.yes(book.claimed(other))
    for redemption_id in (one, other, "sovendus:uk:1:NONE"):
        assert book.ledger.defer(redemption_id, HOUR, Unroutable("no account")) == "settled"
    assert (book.state(one), book.state(other)) == (State.SENDING, State.REDEEMED)


def test_a_fault_of_ours_before_the_call_says_nothing_about_the_account(book: Book) -> None:
    book.break_account()
    book.passes(MINUTE)
    (probe,) = book.look()
    book.no(book.claimed(probe), Incomplete("currency is missing"))
    assert book.health()["state"] == "open"
