"""The Redis lists that make up a queue: its own, and those in which Celery keeps messages with a priority.

A producer's `priority_steps` and `sep` name them. Any of the ten steps is consumed, with kombu's own separator and with
the `:` of Celery's manual; 0 is the queue's own list (`worker/transport/scripts/take.lua` has the same names).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from redis import Redis
from redis.exceptions import ResponseError

from tasks.order_task import QUEUE
from tasks.partners import PARTNERS

QUEUES: Final = (QUEUE, *PARTNERS)
"""All queues that our workers consume, the intake's first."""
_SEPARATORS: Final = ("\x06\x16", ":")
_PRIORITIES: Final = range(1, 10)


def lists_of(queue: str) -> tuple[str, ...]:
    """The names of the lists that a worker takes the queue's messages from, the queue's own first."""
    return (queue, *(f"{queue}{separator}{step}" for separator in _SEPARATORS for step in _PRIORITIES))


def queue_lengths(redis: Redis, queues: Sequence[str] = QUEUES) -> dict[str, int | None]:
    """Messages in each queue that no worker has taken yet, over all its lists, in one round trip.

    None where something that is no list has the queue's name. A list that may not be read counts as empty.

    Raises redis.RedisError.
    """
    names = {queue: lists_of(queue) for queue in queues}
    pipeline = redis.pipeline(transaction=False)
    for lists in names.values():
        for name in lists:
            pipeline.llen(name)
    answers = iter(pipeline.execute(raise_on_error=False))
    return {queue: _sum([next(answers) for _ in lists]) for queue, lists in names.items()}


def _sum(answers: Sequence[int | Exception]) -> int | None:
    for answer in answers:
        if isinstance(answer, Exception) and not isinstance(answer, ResponseError):
            raise answer
    if not isinstance(answers[0], int):
        return None
    return sum(answer for answer in answers if isinstance(answer, int))
