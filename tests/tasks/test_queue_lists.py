"""The lists that make up a queue are counted together; what only looks like one is named."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from tasks.ledger.books import LedgerBooks
from tasks.queue_lists import QUEUES, lists_of, queue_lengths
from tasks.standing.stray_lists import StrayList, find_stray_lists


@pytest.fixture
def client(broker_url: str) -> Iterator[Redis]:
    with Redis.from_url(broker_url, decode_responses=True) as client:
        client.flushdb()
        yield client


def strays(client: Redis) -> list[StrayList]:
    found, complete = find_stray_lists(LedgerBooks(client, "redeem"))
    assert complete
    return found


def test_a_queue_is_as_long_as_all_its_lists(client: Redis) -> None:
    for name in lists_of("orders"):
        client.lpush(name, "x", "y")
    assert queue_lengths(client) == {"orders": 38, "sovendus": 0, "uniqodo": 0}
    assert queue_lengths(client, ["uniqodo"]) == {"uniqodo": 0}


def test_a_queue_that_is_no_list_has_no_length_and_another_programs_key_counts_for_nothing(client: Redis) -> None:
    client.set("orders", "x")
    client.hset("sovendus:3", "x", "y")
    client.lpush("sovendus", "x")
    assert queue_lengths(client) == {"orders": None, "sovendus": 1, "uniqodo": 0}


@pytest.mark.parametrize(
    ("name", "shown", "queue"),
    [
        ("shop:orders", "shop:orders", "orders"),
        ("anything.sovendus", "anything.sovendus", "sovendus"),
        ("shop:orders:5", "shop:orders:5", "orders"),
        ("redeem:orders", "redeem:orders", "orders"),
        ("shop:orders\x06\x169", r"shop:orders\x06\x169", "orders"),
        ("orders#5", "orders#5", "orders"),
        ("orders:12", "orders:12", "orders"),
        (b"\xff:uniqodo", r"\xff:uniqodo", "uniqodo"),
        ('a"b:orders', r"a\"b:orders", "orders"),
        ("jane@example.com:orders", "[masked]", "orders"),
    ],
)
def test_a_list_that_looks_like_a_queue_is_named(client: Redis, name: str | bytes, shown: str, queue: str) -> None:
    client.lpush(name, "x", "y")
    (found,) = strays(client)
    assert (found.name, found.queue, found.length) == (shown, queue, 2)
    assert f'LMOVE "{shown}" {queue} RIGHT LEFT' in found.advice


def test_nothing_else_is_named(client: Redis) -> None:
    for queue in QUEUES:
        for name in lists_of(queue):
            client.lpush(name, "x")
    client.lpush("orders.processed", "x")
    client.lpush("redeem:lags:sovendus:orders", "7")
    client.sadd("_kombu.binding.orders", "x")
    client.set("shop:orders", "x")
    assert strays(client) == []
