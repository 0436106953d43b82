"""A lane on a real broker: what it takes is booked in the same step, and nothing in it is ever lost."""

from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest
from kombu.utils.json import dumps
from redis import Redis

from tasks.queue_lists import lists_of
from tests.worker.transport.kit import ORDERS, PREFIX, SOVENDUS, booked, message, order_of, reading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.messages.burying import Reasoned


@pytest.fixture
def raw_redis(broker_url: str) -> Iterator[Redis]:
    with Redis.from_url(broker_url) as client:
        yield client


def put(redis: Redis, *orders: str, queue: str = ORDERS) -> None:
    for order in orders:
        redis.lpush(queue, message(order))


def waiting(redis: Redis, queue: str = ORDERS) -> list[str]:
    """The orders that wait, the next one first."""
    return [order_of(raw) for raw in reversed(redis.lrange(queue, 0, -1))]  # type: ignore[arg-type]


def test_what_is_taken_is_booked_until_it_is_done_with(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1", "2", "3")
    with reading(broker_url, ORDERS) as reader:
        assert reader.read(3) == ["1", "2", "3"]
        assert raw_redis.llen(ORDERS) == 0
        assert sorted(map(order_of, booked(raw_redis))) == ["1", "2", "3"]
        for one in reader.got[:2]:
            one.ack()
        reader.transport.cycle.maybe_restore_messages()
        assert list(map(order_of, booked(raw_redis))) == ["3"]


def test_no_more_is_taken_than_may_be_in_hand(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, *map(str, range(5)))
    with reading(broker_url, ORDERS, prefetch=2) as reader:
        assert reader.read(3, rounds=8) == ["0", "1"]
        assert waiting(raw_redis) == ["2", "3", "4"]
        reader.got[0].ack()
        assert reader.read(3) == ["0", "1", "2"]


def test_closing_gives_back_what_is_in_hand_in_its_old_order(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, *map(str, range(12)))
    with reading(broker_url, ORDERS) as reader:
        reader.read(12)
        reader.got[5].ack()
        put(raw_redis, "later")
    assert waiting(raw_redis) == [str(n) for n in range(12) if n != 5] + ["later"]
    assert booked(raw_redis) == []
    assert raw_redis.zcard(f"{PREFIX}consumers") == 0


def test_what_is_refused_goes_behind_what_waits(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1", "2", "3")
    with reading(broker_url, ORDERS, prefetch=1) as reader:
        reader.read(1)
        reader.got[0].requeue()
        reader.transport.cycle.maybe_restore_messages()
        assert waiting(raw_redis) == ["2", "3", "1"]


def test_cancelling_gives_back_what_is_on_its_way(broker_url: str, raw_redis: Redis) -> None:
    with reading(broker_url, ORDERS) as reader:
        reader.transport.cycle.on_poll_start()  # a take is under way
        put(raw_redis, "1")
        reader.consumer.cancel()
        assert (waiting(raw_redis), reader.got) == (["1"], [])


def test_messages_of_other_priorities_are_found(broker_url: str, raw_redis: Redis) -> None:
    for name in reversed(lists_of(ORDERS)):
        put(raw_redis, name[-1:], queue=name)
    with reading(broker_url, ORDERS, prefetch=30) as reader:
        assert reader.read(19) == ["s", *"112233445566778899"], "the queue's own list first, then by priority"


@pytest.mark.parametrize("queue", [ORDERS, SOVENDUS])
def test_a_message_with_a_priority_is_found_by_who_waits_for_others(
    broker_url: str, raw_redis: Redis, queue: str
) -> None:
    with reading(broker_url, queue, prefetch=30) as reader:
        reader.read(1, rounds=2)
        for number, name in enumerate(lists_of(queue)):
            put(raw_redis, str(number), queue=name)
        assert sorted(map(int, reader.read(19))) == list(range(19))


def test_what_is_no_list_under_the_name_of_a_priority_is_left_alone(broker_url: str, raw_redis: Redis) -> None:
    raw_redis.hset(f"{ORDERS}:1", "another", "program's")
    put(raw_redis, "2", queue=f"{ORDERS}:2")
    put(raw_redis, "0")
    with reading(broker_url, ORDERS) as reader:
        assert reader.read(2) == ["0", "2"]
    assert raw_redis.hgetall(f"{ORDERS}:1") == {b"another": b"program's"}


def test_a_user_who_may_not_ask_for_priorities_goes_without_them(broker_url: str, raw_redis: Redis) -> None:
    raw_redis.acl_setuser(
        "older", enabled=True, nopass=True, keys=["*"], channels=["*"], categories=["+@all"], commands=["-exists"]
    )
    put(raw_redis, "0")
    put(raw_redis, "1", queue=f"{ORDERS}:1")
    try:
        with reading(broker_url.replace("://", "://older:x@"), ORDERS) as reader:
            assert reader.read(1) == ["0"]
            put(raw_redis, "2")
            assert reader.read(2) == ["0", "2"]
    finally:
        raw_redis.acl_deluser("older")


def test_two_messages_with_the_same_tag_are_two_messages(broker_url: str, raw_redis: Redis) -> None:
    for order in ("1", "2"):
        raw_redis.lpush(ORDERS, message(order, delivery_tag="same"))
    with reading(broker_url, ORDERS) as reader:
        assert reader.read(2) == ["1", "2"]
        reader.got[0].ack()
        reader.transport.cycle.maybe_restore_messages()
        assert list(map(order_of, booked(raw_redis))) == ["2"]


def test_a_bad_message_is_buried_and_the_good_ones_around_it_arrive(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1")
    raw_redis.lpush(ORDERS, b"{]")
    put(raw_redis, "2")
    buried: list[tuple[bytes, str, Reasoned]] = []
    with reading(broker_url, ORDERS, buried=buried) as reader:
        assert reader.read(2) == ["1", "2"]
        reader.transport.cycle.maybe_restore_messages()
        assert sorted(map(order_of, booked(raw_redis))) == ["1", "2"]
    ((raw, queue, error),) = buried
    assert (raw, queue, error.reason) == (b"{]", ORDERS, "unreadable_message")


def test_a_full_broker_is_drained(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, *map(str, range(12)))
    raw_redis.config_set("maxmemory", 1)
    try:
        with reading(broker_url, ORDERS, prefetch=4) as reader:
            for _ in range(12):
                reader.read(len(reader.got) + 1, rounds=4)
                for one in reader.got:
                    if not one.acknowledged:
                        one.ack()
            assert reader.orders() == [str(n) for n in range(12)]
    finally:
        raw_redis.config_set("maxmemory", 0)


def test_a_queue_that_is_no_list_does_not_stop_the_others(broker_url: str, raw_redis: Redis) -> None:
    raw_redis.set(SOVENDUS, "no list")
    with reading(broker_url, ORDERS, SOVENDUS) as reader:
        reader.read(1, rounds=4)
        put(raw_redis, "1")
        assert reader.read(1) == ["1"]


def test_after_a_take_whose_answer_was_lost_the_same_take_is_made_again(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1", "2")
    with reading(broker_url, ORDERS) as reader:
        reader.transport.cycle.on_poll_start()
        while raw_redis.llen(ORDERS):
            """The take happens."""
        reader.transport.lanes[ORDERS].client.connection.disconnect()
        put(raw_redis, "3")
        assert reader.read(3) == ["1", "2", "3"]
        assert len(booked(raw_redis)) == 3


def test_a_channel_whose_connection_is_closed_says_so_in_a_way_one_can_recover_from(broker_url: str) -> None:
    with reading(broker_url, ORDERS) as reader:
        channel, errors = reader.connection.default_channel, reader.connection.connection_errors
    with pytest.raises(errors, match="closed"):
        channel.queue_declare(ORDERS)


def test_the_connection_can_tell_of_itself_as_json(broker_url: str) -> None:
    with reading(broker_url, ORDERS) as reader:
        told = json.loads(dumps(reader.connection.info()))
    assert told["transport_options"]["lanes"] == {"intake": ORDERS, "partners": [SOVENDUS]}


def test_what_ends_in_a_thread_makes_room_and_wakes_who_waits_for_it(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1", "2")
    with reading(broker_url, ORDERS, prefetch=1) as reader:
        assert reader.read(2, rounds=2) == ["1"]
        woken = threading.Event()
        reader.transport.endings.wake_by(woken.set)
        reader.transport.cycle.on_poll_start()  # as the event loop begins to wait
        threading.Thread(target=reader.got[0].end).start()
        assert woken.wait(10)
        reader.transport.cycle.on_poll_start()  # as it turns
        assert reader.read(2) == ["1", "2"]
        assert list(map(order_of, booked(raw_redis))) == ["2"]


def test_what_ends_after_the_event_loop_is_not_given_back(broker_url: str, raw_redis: Redis) -> None:
    put(raw_redis, "1", "2", "3")
    with reading(broker_url, ORDERS) as reader:
        reader.read(3)
        reader.got[0].end()
        reader.got[1].end(requeue=True)
    assert waiting(raw_redis) == ["2", "3"]


def test_of_two_workers_the_slower_one_looks_less_often_and_takes_over_all_the_same(
    broker_url: str, raw_redis: Redis
) -> None:
    with reading(broker_url, ORDERS) as slow:
        slow.read(1, rounds=2)
        for _ in range(3):
            raw_redis.lpush(ORDERS, message("another's"))  # it is looked at, and gone when it is to be taken
            raw_redis.rpop(ORDERS)
            slow.read(1, rounds=1)
        put(raw_redis, "1")
        assert slow.read(1) == ["1"]
