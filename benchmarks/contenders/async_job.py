"""The job of all contenders that have an event loop, with aiohttp; and a way to enqueue from where there is none."""

from __future__ import annotations

import asyncio
import functools
import os
from collections.abc import Callable, Coroutine
from typing import Any, Final

import aiohttp
from redis.asyncio import Redis

from benchmarks.contenders.order import RESULTS, partner_call

REDIS_URL: Final = os.environ["RACE_REDIS"]
_PARTNER: Final = os.environ["RACE_PARTNER"] + "/redeem/4711"


@functools.cache
def _session() -> aiohttp.ClientSession:
    return aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=15))


@functools.cache
def client() -> Redis:
    """The process's own; made in its event loop."""
    return Redis.from_url(REDIS_URL)


async def call(order: dict[str, Any]) -> int:
    """Check and call; the answer's status."""
    headers = {"Content-Type": "application/json"}
    async with _session().post(_PARTNER, data=partner_call(order), headers=headers) as answer:
        answer.raise_for_status()
        if (await answer.json())["message"] != "Coupon redemption received.":
            raise ValueError("not understood")
        return answer.status


async def redeem(order: dict[str, Any]) -> None:
    """Check, call, record."""
    status = await call(order)
    await client().hset(RESULTS, order["order_id"], status)


def blocking(
    send: Callable[[dict[str, Any]], Coroutine[Any, Any, object]], start: Coroutine[Any, Any, object] | None = None
) -> Callable[[dict[str, Any]], object]:
    """`send` for a producer that enqueues one after the other; `start` is awaited first, in the same loop."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    if start is not None:
        loop.run_until_complete(start)
    return lambda order: loop.run_until_complete(send(order))
