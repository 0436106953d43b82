"""What Redis refuses for now is told from what it refuses for good."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis
from redis.exceptions import ResponseError

from tasks.ledger import Account
from tasks.persistence import UNAVAILABLE, NotNow, classified, until_recorded
from tests.tasks.ledger.kit import Book


@pytest.fixture
def lonely(redis: Redis) -> Iterator[Redis]:
    """A server that takes no write while it has no replica."""
    redis.config_set("min-replicas-to-write", 1)
    try:
        yield redis
    finally:
        redis.config_set("min-replicas-to-write", 0)


def test_a_write_that_the_server_refuses_for_now_is_made_again(redis: Redis) -> None:
    book = Book(redis)
    refused = []

    def write() -> bool:
        try:
            return book.ledger.pause(Account("sovendus", "uk"))
        except NotNow as error:
            refused.append(str(error))
            redis.config_set("min-replicas-to-write", 0)
            raise

    redis.config_set("min-replicas-to-write", 1)
    assert until_recorded(write, what="a pause", limit=60)
    assert [text.partition(" ")[0] for text in refused] == ["NOREPLICAS"]


def test_after_its_limit_the_caller_hears_of_it_as_of_any_outage(lonely: Redis) -> None:
    lonely.config_set("min-replicas-to-write", 0)
    book = Book(lonely)
    lonely.config_set("min-replicas-to-write", 1)
    with pytest.raises(UNAVAILABLE, match="NOREPLICAS"):
        until_recorded(lambda: book.ledger.pause(Account("sovendus", "uk")), what="a pause", limit=0)


def test_a_mistake_of_ours_is_raised_at_once(redis: Redis) -> None:
    book = Book(redis)
    redis.set("redeem:accounts", "of another type")
    with pytest.raises(ResponseError, match="WRONGTYPE") as caught:
        until_recorded(lambda: book.open("AB12"), what="an order")
    assert not isinstance(caught.value, UNAVAILABLE)


@pytest.mark.parametrize(
    "text",
    [
        "MISCONF Errors writing to the AOF file: No space left on device",
        "NOREPLICAS Not enough good replicas to write.",
        "BUSY Redis is busy running a script.",
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
    ],
)
def test_by_its_first_word(text: str) -> None:
    with pytest.raises(NotNow, match=text.split(" ", maxsplit=1)[0]), classified():
        raise ResponseError(text)
