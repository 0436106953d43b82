"""RQ with a pool of eight workers that do not fork for every job, its fastest way; 64 processes do not fit two cores.

A job in hand when its worker is killed is found after a while, and put into the registry of failed jobs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import redis
from rq import Queue

from benchmarks.contenders import job


def redeem(order: dict[str, Any]) -> None:
    """One job."""
    job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """`enqueue`, of what keeps nothing of a job that is done."""
    queue = Queue(connection=redis.Redis.from_url(job.REDIS_URL))
    return lambda order: queue.enqueue(redeem, order, result_ttl=0)
