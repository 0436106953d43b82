"""A full Redis: nothing new is let in, and whatever lets work out still runs."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from tasks.errors import Unroutable
from tasks.ledger import State
from tasks.persistence import UNAVAILABLE
from tests.tasks.ledger.kit import DE, LEASE, UK, Book


@pytest.fixture
def ids(book: Book) -> list[str]:
    """Opened before memory runs out."""
    return book.open("AB12", "CD34", "EF56", "GH78")


@pytest.fixture
def full(book: Book, ids: list[str], redis: Redis) -> Iterator[Book]:
    assert ids
    redis.config_set("maxmemory", "1mb")
    try:
        with pytest.raises(OutOfMemoryError):
            redis.set("anything", "at all")
        yield book
    finally:
        redis.config_set("maxmemory", "0")


def test_opening_is_refused_with_a_clear_error_and_nothing_is_half_written(full: Book, redis: Redis) -> None:
    before = set(redis.scan_iter())
    with pytest.raises(OutOfMemoryError, match="maxmemory") as caught:
        full.open("IJ90", "KL12", account=DE)

    assert isinstance(caught.value, UNAVAILABLE)  # so the door waits a little, then says so
    assert set(redis.scan_iter()) == before
    assert full.wakes(DE) == {}


def test_a_replay_is_refused_and_the_dead_letter_stays(full: Book, ids: list[str]) -> None:
    full.no(full.claimed(ids[0]))
    with pytest.raises(OutOfMemoryError):
        full.ledger.replay(ids[0], UK, {}, {"outcome": "replayed"})
    assert full.state(ids[0]) is State.DEAD
    assert full.dead() == [ids[0]]


def test_everything_that_lets_work_out_runs(full: Book, ids: list[str]) -> None:
    redeemed, dead, parked, given_back = ids
    full.yes(full.claimed(redeemed))
    full.no(full.claimed(dead))
    full.later(full.claimed(parked), delay=900)
    claim = full.claimed(given_back)
    full.ledger.release(given_back, claim)
    full.ledger.defer(given_back, 0, Unroutable("no account"))
    assert full.look() == [given_back]
    assert full.ledger.hasten(parked)
    assert full.look() == [parked]
    assert full.ledger.discard(dead, {"outcome": "discarded"})
    assert full.ledger.pause(UK)
    assert full.ledger.resume(UK)

    states = [State.REDEEMED, State.DISCARDED, State.RETRYING, State.QUEUED]
    assert [full.state(one) for one in ids] == states


def test_a_dead_workers_lease_is_reaped(full: Book, ids: list[str]) -> None:
    full.claimed(ids[0])
    full.passes(LEASE)
    assert ids[0] in full.look()
    full.yes(full.claimed(ids[0]))
    assert full.record(ids[0]).attempts == 2
