"""What a worker has in hand, and who looks after it when the worker is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis
from redis.exceptions import NoScriptError

from tasks.messages.bad_message import UnreadableMessage
from tests.worker.transport.kit import ORDERS, PREFIX, SOVENDUS, booked, message
from worker.transport.bookings import DEATHS_ALLOWED, Bookings
from worker.transport.installations import DEAD_AFTER
from worker.transport.lanes import Lanes
from worker.transport.taking import Take

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.messages.burying import Reasoned

NO_SCRIPT = NoScriptError()
Buried = list[tuple[bytes, str, str]]


@pytest.fixture
def raw_redis(broker_url: str) -> Iterator[Redis]:
    with Redis.from_url(broker_url) as client:
        yield client


@pytest.fixture
def buried() -> Buried:
    return []


def bookings(redis: Redis, buried: Buried) -> Bookings:
    def bury(raw: bytes, queue: str, error: Reasoned, _token: str) -> None:
        buried.append((raw, queue, error.reason))

    return Bookings(redis, Lanes(ORDERS, frozenset({SOVENDUS}), (), PREFIX, bury))


def take(redis: Redis, of: Bookings, count: int, queue: str = ORDERS) -> list[bytes]:
    taking = Take(queue)
    taking.failed(NO_SCRIPT)
    return [raw for _, raw in taking.answered(run(redis, taking.command(of, PREFIX, count)))]


def run(redis: Any, command: tuple[Any, ...]) -> list[bytes]:  # noqa: ANN401 - redis-py types no plain command
    answer: list[bytes] = redis.execute_command(*command)
    return answer


def die(redis: Redis, one: Bookings) -> None:
    """Give no sign of life for long enough."""
    redis.zincrby(f"{PREFIX}consumers", -(DEAD_AFTER + 1) * 1000, one.consumer)


def test_what_was_dead_lettered_does_not_come_again_from_a_worker_that_dies_right_after(
    raw_redis: Redis, buried: Buried
) -> None:
    dying, heir = bookings(raw_redis, buried), bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"garbage")
    assert take(raw_redis, dying, 1) == [b"garbage"]
    dying.bury(f"{ORDERS}:1", b"garbage", ORDERS, UnreadableMessage("not JSON"))
    die(raw_redis, dying)
    heir.beat()
    assert take(raw_redis, heir, 1) == []
    assert len(buried) == 1


def test_what_a_dead_worker_had_goes_back_to_the_front(raw_redis: Redis, buried: Buried) -> None:
    first, second = bookings(raw_redis, buried), bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"1", b"2", b"3")
    raw_redis.lpush(SOVENDUS, b"bell")
    assert take(raw_redis, first, 2) == [b"1", b"2"]
    assert take(raw_redis, first, 2, SOVENDUS) == [b"bell"]
    second.beat()
    assert raw_redis.lrange(ORDERS, 0, -1) == [b"3"]
    die(raw_redis, first)
    second.beat()
    assert raw_redis.lrange(ORDERS, 0, -1) == [b"3", b"2", b"1"]
    assert raw_redis.lrange(SOVENDUS, 0, -1) == [b"bell"]
    assert booked(raw_redis) == []


def test_a_worker_that_was_only_held_still_goes_on(raw_redis: Redis, buried: Buried) -> None:
    held, other = bookings(raw_redis, buried), bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"1")
    take(raw_redis, held, 1)
    die(raw_redis, held)
    other.beat()
    held.finish("orders:1")
    held.beat()
    assert take(raw_redis, held, 1) == [b"1"]
    die(raw_redis, other)
    held.beat()
    assert raw_redis.zrange(f"{PREFIX}consumers", 0, -1) == [held.consumer.encode()]


def test_a_server_clock_that_was_set_back_makes_nobody_immortal(raw_redis: Redis, buried: Buried) -> None:
    first, second = bookings(raw_redis, buried), bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"1")
    take(raw_redis, first, 1)
    raw_redis.zincrby(f"{PREFIX}consumers", 3_600_000, first.consumer)
    second.beat()
    die(raw_redis, first)
    second.beat()
    assert raw_redis.lrange(ORDERS, 0, -1) == [b"1"]


def test_an_order_that_workers_die_of_is_buried(raw_redis: Redis, buried: Buried) -> None:
    survivor = bookings(raw_redis, buried)
    poison = message("poison")
    raw_redis.lpush(ORDERS, poison)
    for _ in range(DEATHS_ALLOWED):
        victim = bookings(raw_redis, buried)
        assert take(raw_redis, victim, 1) == [poison]
        die(raw_redis, victim)
        survivor.beat()
        assert buried == []
    victim = bookings(raw_redis, buried)
    take(raw_redis, victim, 1)
    die(raw_redis, victim)
    survivor.beat()
    survivor.flush(at_least=1)
    assert buried == [(poison, ORDERS, "crashed")]
    assert (raw_redis.llen(ORDERS), booked(raw_redis)) == (0, [])


def test_a_doorbell_may_be_in_dead_hands_for_ever(raw_redis: Redis, buried: Buried) -> None:
    survivor = bookings(raw_redis, buried)
    raw_redis.lpush(SOVENDUS, b"bell")
    for _ in range(DEATHS_ALLOWED + 2):
        victim = bookings(raw_redis, buried)
        assert take(raw_redis, victim, 1, SOVENDUS) == [b"bell"]
        die(raw_redis, victim)
        survivor.beat()
    assert buried == []


def test_a_take_stops_at_so_many_bytes(raw_redis: Redis, buried: Buried) -> None:
    large = b"x" * 3_000_000
    raw_redis.lpush(ORDERS, large, large, large)
    assert len(take(raw_redis, bookings(raw_redis, buried), 3)) == 2


def test_a_take_tells_what_is_finished(raw_redis: Redis, buried: Buried) -> None:
    one = bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"1", b"2")
    taking = Take(ORDERS)
    taking.failed(NO_SCRIPT)
    ((tag, _),) = taking.answered(run(raw_redis, taking.command(one, PREFIX, 1)))
    one.finish(tag)
    taking.answered(run(raw_redis, taking.command(one, PREFIX, 1)))
    assert booked(raw_redis) == [b"2"]


def test_what_was_told_in_a_refused_take_is_told_again(raw_redis: Redis, buried: Buried) -> None:
    one = bookings(raw_redis, buried)
    raw_redis.lpush(ORDERS, b"1")
    taking = Take(ORDERS)
    taking.failed(NO_SCRIPT)
    ((tag, _),) = taking.answered(run(raw_redis, taking.command(one, PREFIX, 1)))
    one.finish(tag)
    taking.command(one, PREFIX, 1)
    taking.failed(NO_SCRIPT)
    taking.answered(run(raw_redis, taking.command(one, PREFIX, 1)))
    assert booked(raw_redis) == []
