"""The wakers' look: due wake-ups move on and are never removed, and doorbells ring no more than is of use."""

from __future__ import annotations

import pytest
from redis import Redis

from tasks.errors import Unroutable
from tasks.ledger import Account, Ledger, State
from tasks.ledger.ledger import RING_AGAIN
from tests.tasks.ledger.kit import DE, GIVE_UP, LEASE, LIMITS, MINUTE, UK, Book


def fill_queue(redis: Redis, messages: int, name: str = "sovendus") -> None:
    redis.rpush(name, *range(messages))


def test_a_doorbell_rings_when_its_time_has_come_and_again_if_nobody_hears_it(book: Book) -> None:
    one = book.open_one()
    assert book.look() == []
    book.passes(10)
    assert book.look() == [one]
    assert book.wakes() == {one: pytest.approx(20, abs=5)}
    assert book.look() == []
    book.passes(20)
    assert book.look() == [one]
    assert book.wakes() == {one: pytest.approx(30, abs=5)}
    book.passes(30)
    assert book.look() == [one]
    assert book.wakes() == {one: pytest.approx(30, abs=5)}


def test_two_wakers_do_not_ring_the_same_doorbell(book: Book, redis: Redis) -> None:
    ids = book.open(*(f"C{n}" for n in range(4)))
    book.passes(10)
    other = Ledger(redis, "redeem", LIMITS)
    rung = book.look(limit=2) + other.wake(UK, limit=200, longest_lease=LEASE)[0]
    assert sorted(rung) == sorted(ids)


def test_a_look_takes_no_more_than_its_batch_the_longest_due_first(book: Book) -> None:
    first = book.open_one("FIRST")
    book.passes(1)
    second = book.open_one("SECOND")
    book.passes(10)
    assert book.look(limit=1) == [first]
    assert book.look(limit=1) == [second]


def test_what_is_sent_by_a_live_owner_is_left_alone(book: Book) -> None:
    one = book.open_one()
    book.claimed(one)
    book.passes(LEASE - 10)
    assert book.look() == []
    book.passes(10)
    assert book.look() == [one]
    assert book.state(one) is State.SENDING  # only the claim reaps


def test_in_a_long_queue_a_doorbell_merely_waits_its_turn(book: Book, redis: Redis) -> None:
    one = book.open_one()
    fill_queue(redis, 1000)
    book.passes(10)
    assert book.look() == []
    assert book.wakes() == {one: pytest.approx(10, abs=5)}

    redis.delete("sovendus")
    book.passes(10)
    assert book.look() == [one]


def test_a_retry_is_rung_in_a_long_queue_too_but_only_once(book: Book, redis: Redis) -> None:
    one = book.open_one()
    book.later(book.claimed(one), delay=0)
    fill_queue(redis, 1000)
    assert book.look() == [one]
    book.passes(10)
    assert book.look() == []
    assert list(book.wakes()) == [one]


def test_one_whose_worker_died_is_rung_whatever_the_queue(book: Book, redis: Redis) -> None:
    one = book.open_one()
    book.claimed(one)
    fill_queue(redis, 1000)
    book.passes(LEASE)
    assert book.look() == [one]


def test_one_that_was_heard_while_its_account_rested_is_rung_in_a_long_queue(book: Book, redis: Redis) -> None:
    one = book.open_one()
    fill_queue(redis, 1000)
    book.ledger.pause(UK)
    assert book.claim(one).status == "resting"
    book.ledger.resume(UK)
    assert book.look() == [one]


def test_one_that_was_put_off_is_rung_in_a_long_queue(book: Book, redis: Redis) -> None:
    one = book.open_one()
    fill_queue(redis, 1000)
    book.ledger.defer(one, 60, Unroutable("no account"))
    book.passes(60)
    assert book.look() == [one]


@pytest.mark.parametrize("how", ["paused", "refused"])
def test_an_account_that_takes_nothing_rings_nothing(book: Book, how: str) -> None:
    ids = book.open("AB12", "CD34", account=DE)
    if how == "paused":
        book.ledger.pause(DE)
    else:
        book.refused(book.claimed(ids[0], DE))
    book.passes(GIVE_UP)

    assert book.look(DE) == []
    assert set(book.wakes(DE)) == set(ids)
    assert book.dead() == []


def test_what_waits_too_long_for_an_ill_account_is_given_up(book: Book) -> None:
    failed = book.break_account()
    book.passes(GIVE_UP)
    rung, given_up, *_ = book.ledger.wake(UK, limit=200, longest_lease=LEASE)

    assert (rung, sorted(given_up)) == ([], sorted(failed))
    assert {book.record(one).reason for one in failed} == {"gave_up"}
    assert sorted(book.dead()) == sorted(failed)
    assert book.wakes() == {}


def test_it_tells_when_the_next_wake_up_is_due(book: Book) -> None:
    assert book.ledger.wake(UK, limit=200, longest_lease=LEASE).next_due is None
    book.open_one()
    woken = book.ledger.wake(UK, limit=200, longest_lease=LEASE)
    assert woken.rung == []
    assert woken.next_due is not None
    assert 0 < woken.next_due <= RING_AGAIN


def test_a_wake_up_without_a_record_is_swept_out(book: Book) -> None:
    book.redis.zadd(book.ledger.key("wake", UK.name), {"sovendus:uk:1:GONE": 0})
    assert book.look() == []
    assert book.wakes() == {}


def test_a_worker_that_lacks_the_account_leaves_it_to_those_who_have_it(book: Book) -> None:
    stranger = Account(DE.partner, DE.shop)
    (one,) = book.open("AB12", account=DE)
    book.refused(book.claimed(one, DE))
    book.look(DE)
    book.passes(GIVE_UP)

    assert book.look(stranger) == []
    book.ledger.resume(DE)
    assert book.claim(one, DE).status == "claimed"  # its clock stood still


def test_an_account_that_no_worker_has_is_looked_after_all_the_same(book: Book) -> None:
    stranger = Account(DE.partner, DE.shop)
    (one,) = book.open("AB12", account=DE)
    book.look(DE)
    book.passes(MINUTE, watched=False)
    assert book.look(stranger) == []  # those who have it may only be late after an outage
    book.passes(LEASE)
    assert book.look(stranger) == [one]
