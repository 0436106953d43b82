"""Huey, 64 threads. A job in hand when the worker is killed is lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from huey import RedisHuey

from benchmarks.contenders import job

queue = RedisHuey(url=job.REDIS_URL, results=False)


@queue.task()
def redeem(order: dict[str, Any]) -> None:
    """One job."""
    job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """A call of the task."""
    return redeem
