"""taskiq on a stream, two processes of 32 jobs each.

Acknowledges when done; what a killed worker had in hand is claimed after ten minutes, and done again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from taskiq_redis import RedisStreamBroker

from benchmarks.contenders import async_job

broker = RedisStreamBroker(url=async_job.REDIS_URL)


@broker.task
async def redeem(order: dict[str, Any]) -> None:
    """One job."""
    await async_job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """`kiq`."""
    return async_job.blocking(redeem.kiq, broker.startup())
