"""SAQ, 64 jobs at a time. A job in hand when the worker is killed is swept and, if it has retries left, done again."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from saq import Queue

from benchmarks.contenders import async_job

queue = Queue.from_url(async_job.REDIS_URL)


async def redeem(_: dict[str, Any], *, order: dict[str, Any]) -> None:
    """One job."""
    await async_job.redeem(order)


settings = {"queue": queue, "functions": [redeem], "concurrency": 64}


def sender() -> Callable[[dict[str, Any]], object]:
    """`enqueue`, of what keeps nothing of a job that is done."""
    return async_job.blocking(lambda order: queue.enqueue("redeem", order=order, ttl=-1))
