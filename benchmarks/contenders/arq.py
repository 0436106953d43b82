"""arq, 64 jobs at a time. A job in hand when the worker is killed runs again once its five minutes are over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings

from benchmarks.contenders import async_job


async def redeem(_: dict[Any, Any], order: dict[str, Any]) -> None:
    """One job."""
    await async_job.redeem(order)


class WorkerSettings:
    """What `arq` reads."""

    functions = (redeem,)
    redis_settings = RedisSettings.from_dsn(async_job.REDIS_URL)
    max_jobs = 64
    keep_result = 0


def sender() -> Callable[[dict[str, Any]], object]:
    """`enqueue_job`."""
    pool: Any = None

    async def start() -> None:
        nonlocal pool
        pool = await create_pool(WorkerSettings.redis_settings)

    async def send(order: dict[str, Any]) -> None:
        await pool.enqueue_job("redeem", order)

    return async_job.blocking(send, start())
