"""The server's clock is set ahead or back: leases, backoff and the give-up clock go on as if it had not."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tasks.errors import NotSent, Unroutable
from tasks.ledger import Account, Ledger, State
from tests.tasks.ledger.clock import let_pass
from tests.tasks.ledger.kit import BREAKER, DAY, DE, GIVE_UP, HOUR, LEASE, LIMITS, MINUTE, UK, Book

FAR = [HOUR, 3 * DAY]
LEAPS = [*FAR, -HOUR, -3 * DAY]


@pytest.mark.parametrize("looked", [True, False])
@pytest.mark.parametrize("leap", LEAPS)
def test_a_live_lease_outlives_a_leap(book: Book, leap: float, *, looked: bool) -> None:
    one = book.open_one()
    claim = book.claimed(one)
    book.leaps(leap)
    if looked:
        assert book.look() == []
    assert book.claim(one).status == "busy"  # a doorbell may be heard before any waker has looked
    book.passes(LEASE - 10)
    assert book.look() == []
    assert book.claim(one).status == "busy"
    assert book.yes(claim).result == "settled"
    assert not book.record(one).ambiguous


@pytest.mark.parametrize("leap", LEAPS)
def test_a_lease_taken_before_anybody_noticed_the_leap_lasts_its_time_and_no_longer(book: Book, leap: float) -> None:
    one = book.open_one()
    book.leaps(leap)
    book.claimed(one)
    book.passes(LEASE - 10)
    assert book.claim(one).status == "busy"
    book.passes(LEASE)
    assert book.look() == [one]
    assert book.claimed(one).record


@pytest.mark.parametrize("leap", LEAPS)
def test_the_lease_of_the_dead_runs_out_all_the_same(book: Book, leap: float) -> None:
    one = book.open_one()
    book.claimed(one)
    book.leaps(leap)
    book.passes(LEASE + 10)
    assert book.look() == [one]
    assert book.claimed(one).record


@pytest.mark.parametrize("leap", [-HOUR - MINUTE, -HOUR + MINUTE, 0.0, DAY])
def test_after_an_outage_leases_last_one_lease_time_more_whatever_the_clock_says_then(book: Book, leap: float) -> None:
    one = book.open_one()
    book.claimed(one)
    book.passes(LEASE - 1)
    book.passes(HOUR, watched=False)
    book.leaps(leap, watched=False)
    book.look()
    book.passes(LEASE - 10)
    assert book.claim(one).status == "busy"
    book.passes(20)
    assert book.claimed(one).record


@pytest.mark.parametrize("leap", [-HOUR, -3 * DAY])
def test_what_waits_is_not_put_off_by_a_clock_set_back(book: Book, leap: float) -> None:
    queued, retried = book.open("QUEUED", "RETRIED")
    book.later(book.claimed(retried), delay=MINUTE)
    book.leaps(leap)
    book.passes(11)
    assert book.look() == [queued]
    assert book.claim(retried).status == "early"
    book.passes(MINUTE - 10)
    assert retried in book.look()
    assert book.claim(retried).status == "claimed"


@pytest.mark.parametrize("leap", [-HOUR, -3 * DAY])
def test_what_begins_to_wait_before_anybody_noticed_the_leap_waits_its_time(book: Book, leap: float) -> None:
    claim = book.claimed(book.open_one("RETRIED"))
    book.leaps(leap)
    queued = book.open_one("QUEUED")
    assert book.later(claim, delay=MINUTE).result == "parked"
    assert book.wakes() == {queued: pytest.approx(10, abs=5), claim_id(book): pytest.approx(MINUTE, abs=5)}
    book.look()
    assert book.wakes() == {queued: pytest.approx(10, abs=5), claim_id(book): pytest.approx(MINUTE, abs=5)}


def claim_id(book: Book) -> str:
    (only,) = (one for one in book.wakes() if one.endswith(":RETRIED"))
    return only


def test_what_is_opened_while_no_worker_runs_is_not_put_off_by_a_clock_set_back_meanwhile(book: Book) -> None:
    book.passes(DAY, watched=False)
    one = book.open_one()
    book.leaps(-HOUR, watched=False)
    other = book.open_one("CD34")
    book.wakers_look()
    book.passes(11)
    assert sorted(book.look()) == sorted([one, other])


def test_an_ill_account_is_probed_in_time_whichever_way_the_clock_goes(book: Book) -> None:
    book.break_account()
    book.look()
    book.leaps(-DAY)
    book.passes(BREAKER.probe_after + 1)
    (probe,) = book.look()
    assert book.claim(probe).status == "claimed"


@pytest.mark.parametrize("leap", LEAPS)
def test_a_leap_gives_nothing_up(book: Book, leap: float) -> None:
    untried, tried = book.open("UNTRIED", "TRIED")
    under_way = book.claimed(book.open_one("UNDERWAY"))
    book.later(book.claimed(tried), delay=0)
    book.leaps(leap)

    assert book.ledger.defer(untried, 0, Unroutable("no account")) == "deferred"
    assert book.claim(tried).status == "claimed"
    assert book.later(under_way).result == "parked"
    book.wakers_look()
    book.passes(LEASE + 10)
    book.look()
    assert book.dead() == []
    assert book.claim(untried).status == "claimed"


@pytest.mark.parametrize("leap", LEAPS)
def test_after_a_leap_the_give_up_clock_goes_on(book: Book, leap: float) -> None:
    one = book.open_one()
    book.later(book.claimed(one))
    book.passes(GIVE_UP / 2)
    book.leaps(leap)
    book.wakers_look()
    book.passes(GIVE_UP / 2 - HOUR)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.passes(HOUR + 1)
    assert book.claim(one).status == "gave_up"


@pytest.mark.parametrize("replayed", [True, False])
def test_what_comes_after_a_leap_is_given_up_in_its_time(book: Book, *, replayed: bool) -> None:
    book.leaps(3 * DAY)
    book.wakers_look()
    one = book.open_one()
    if replayed:
        book.no(book.claimed(one))
        book.ledger.replay(one, UK, {}, {"outcome": "replayed"})
    book.passes(GIVE_UP - MINUTE)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.passes(MINUTE + 1)
    assert book.claim(one).status == "gave_up"


def test_a_pause_before_anybody_noticed_the_leap_is_no_longer_for_it(book: Book) -> None:
    one = book.open_one()
    book.leaps(3 * DAY)
    book.ledger.pause(UK)
    book.wakers_look()
    book.passes(HOUR)
    book.ledger.resume(UK)
    assert book.claim(one).status == "claimed"


def test_a_pause_after_a_leap_is_as_long_as_it_was(book: Book) -> None:
    book.leaps(3 * DAY)
    book.wakers_look()
    before = book.open_one("BEFORE")
    book.ledger.pause(UK)
    meanwhile = book.open_one("MEANWHILE")
    book.passes(HOUR)
    book.ledger.resume(UK)
    assert [book.claim(one).status for one in (before, meanwhile)] == ["claimed", "claimed"]


def test_a_pause_before_any_waker_ever_looked_is_as_long_as_it_was(book: Book) -> None:
    book.redis.delete(book.ledger.key("clock"))
    one = book.open_one()
    book.ledger.pause(UK)
    book.wakers_look()
    book.passes(HOUR)
    book.ledger.resume(UK)
    book.passes(GIVE_UP + 1)
    assert book.claim(one).status == "gave_up"


def test_what_waits_for_an_ill_account_is_not_given_up_by_a_leap(book: Book) -> None:
    book.break_account()
    book.leaps(GIVE_UP)
    woken = book.ledger.wake(UK, limit=200, longest_lease=LEASE)
    assert woken.given_up == []


def test_a_pause_is_as_long_as_it_was_whatever_the_clock_did(book: Book) -> None:
    one = book.open_one()
    book.ledger.pause(UK)
    book.passes(HOUR)
    book.leaps(GIVE_UP)
    book.wakers_look()
    book.passes(HOUR)
    book.ledger.resume(UK)
    book.passes(GIVE_UP - MINUTE)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.passes(MINUTE + 1)
    assert book.claim(one).status == "gave_up"


@pytest.mark.parametrize("restarted", [True, False])
def test_an_outage_counts_for_the_give_up_clock_once_a_waker_has_looked(book: Book, *, restarted: bool) -> None:
    one = book.open_one()
    book.passes(GIVE_UP, watched=False)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"  # so far it might be a leap
    waker = Ledger(book.redis, "redeem", LIMITS) if restarted else book.ledger
    waker.wake(DE, limit=200, longest_lease=LEASE)
    if restarted:  # an older worker may still say that the clock leapt
        assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
        book.passes(4)
        waker.wake(DE, limit=200, longest_lease=LEASE)
    assert book.claim(one).status == "gave_up"


def test_a_worker_that_starts_just_after_a_leap_gives_nothing_up(book: Book) -> None:
    one = book.open_one()
    book.wakers_look()
    book.leaps(3 * DAY)
    looked = book.now()
    while book.now() == looked:  # a real leap is no part of the millisecond before it
        continue
    new = Ledger(book.redis, "redeem", LIMITS)
    new.wake(UK, limit=200, longest_lease=LEASE)
    new.wake(UK, limit=200, longest_lease=LEASE)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.wakers_look()
    book.passes(GIVE_UP - MINUTE)
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.passes(MINUTE + 1)
    assert book.claim(one).status == "gave_up"


def test_an_outage_that_comes_with_another_clock_counts_as_long_as_it_was(book: Book) -> None:
    one = book.open_one()
    book.passes(GIVE_UP - HOUR, watched=False)
    book.leaps(DAY, watched=False)
    book.wakers_look()
    assert book.ledger.defer(one, 0, Unroutable("no account")) == "deferred"
    book.passes(HOUR + 1)
    assert book.claim(one).status == "gave_up"


def test_a_clock_that_goes_wrong_and_is_set_right_again_leaps_once(book: Book) -> None:
    one = book.open_one()
    book.later(book.claimed(one), NotSent("connection refused"), delay=HOUR)
    book.leaps(MINUTE)
    book.wakers_look()
    book.leaps(-MINUTE)
    book.wakers_look()
    assert book.wakes() == {one: pytest.approx(HOUR - MINUTE, abs=5)}
    book.passes(HOUR - MINUTE)
    assert book.look() == [one]


def test_small_steps_back_do_not_put_off_reaping(book: Book) -> None:
    one = book.open_one()
    book.claimed(one)
    for _ in range(10):
        book.leaps(-0.5)
        book.passes(LEASE / 10 + 0.1)
    assert book.claimed(one).record


def test_people_read_the_servers_clock(book: Book) -> None:
    book.leaps(-DAY)
    book.wakers_look()
    one, other = book.open("AB12", "CD34")
    book.yes(book.claimed(one))
    book.no(book.claimed(other))
    book.ledger.pause(UK)

    now, close = book.ledger.now(), timedelta(minutes=1)
    settled, buried = book.record(one), book.record(other)
    told = [settled.moment("accepted_at"), settled.moment("reported_at"), buried.moment("died_at")]
    assert all(moment is not None and abs(moment - now) < close for moment in told)
    assert settled.history()[-1]["at"].startswith(now.isoformat()[:13])
    (died,) = book.redis.zrange(book.ledger.key("dead"), 0, -1, withscores=True)
    assert died[1] == pytest.approx(now.timestamp() * 1000, abs=60_000)


def test_after_a_leap_an_account_is_left_to_those_who_have_it(book: Book) -> None:
    stranger = Account(DE.partner, DE.shop)
    (one,) = book.open("AB12", account=DE)
    book.refused(book.claimed(one, DE))
    book.look(DE)
    book.leaps(HOUR)

    assert book.look(stranger) == []
    book.look(DE)
    book.passes(GIVE_UP)
    book.ledger.resume(DE)
    assert book.claim(one, DE).status == "claimed"  # its clock stood still


def test_a_ledger_from_before_the_first_look_is_one_after_an_outage(book: Book) -> None:
    book.redis.delete(book.ledger.key("clock"))
    one = book.open_one()
    book.claimed(one)
    let_pass(book.redis, LEASE, watched=False)
    assert book.claim(one).status == "busy"
    assert book.look() == []
    book.passes(LEASE)
    assert book.claim(one).status == "claimed"
    assert book.state(one) is State.SENDING


@pytest.mark.parametrize("unwatched", [0.9, 2.7])
def test_a_step_back_that_nobody_sees_puts_nothing_off(book: Book, unwatched: float) -> None:
    one = book.open_one()
    book.look()
    book.passes(unwatched, watched=False)
    book.ledger.defer(one, MINUTE, NotSent("not sent"))
    book.leaps(-HOUR, watched=False)
    assert book.wakes(UK)[one] <= book.now() + MINUTE * 1000 + 500
