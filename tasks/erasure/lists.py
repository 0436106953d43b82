"""The messages that wait in our queues, and those that workers have in hand, as bytes; nothing is taken."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from redis.client import NEVER_DECODE
from redis.exceptions import ResponseError

from tasks.ledger import Ledger
from tasks.queue_lists import QUEUES, lists_of

_PAGE: Final = 200


def queues() -> Iterator[str]:
    """All lists that our workers consume: the intake's first."""
    for queue in QUEUES:
        yield from lists_of(queue)


def waiting(ledger: Ledger, queue: str) -> Iterator[bytes]:
    """The messages in a list, page by page, the newest first: what comes in meanwhile lets none be passed over.

    None where something that is no list has that name, as another program may call its own keys orders:1.

    Raises redis.RedisError.
    """
    start = 0
    try:
        while page := _raw(ledger, "LRANGE", queue, start, start + _PAGE - 1):
            yield from page
            start += len(page)
    except ResponseError as error:
        if not str(error).startswith("WRONGTYPE"):
            raise


def in_hand(ledger: Ledger) -> Iterator[bytes]:
    """The messages that workers have taken and not finished.

    Raises redis.RedisError.
    """
    for key in ledger.redis.scan_iter(match=ledger.key("taken", "*"), count=1000):
        yield from _raw(ledger, "HGETALL", key).values()  # as many as a worker has threads


def _raw(ledger: Ledger, *command: str | int) -> Any:  # noqa: ANN401 - a list or a dict of bytes
    return ledger.redis.execute_command(*command, **{NEVER_DECODE: []})
