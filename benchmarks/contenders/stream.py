"""The limit: one event loop that reads a stream by the hundred, 64 calls at a time, and acknowledges in one go.

No retries, no failed jobs, no second worker's takeover; what a kill finds in hand stays unacknowledged in the stream.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable
from typing import Any, Final

import redis

from benchmarks.contenders import async_job
from benchmarks.contenders.order import RESULTS

_STREAM: Final = "jobs"
_GROUP: Final = "workers"
_AT_A_TIME: Final = 64


def sender() -> Callable[[dict[str, Any]], object]:
    """XADD."""
    client = redis.Redis.from_url(async_job.REDIS_URL)
    return lambda order: client.xadd(_STREAM, {"order": json.dumps(order)})


async def _one(number: bytes, fields: dict[bytes, bytes], done: list[tuple[bytes, str, int]]) -> None:
    order = json.loads(fields[b"order"])
    done.append((number, order["order_id"], await async_job.call(order)))


async def _record(done: list[tuple[bytes, str, int]]) -> None:
    """Write what is done, and acknowledge it, in one round trip at a time."""
    while True:
        if not done:
            await asyncio.sleep(0.002)
            continue
        batch, done[:] = done[:], []
        pipeline = async_job.client().pipeline(transaction=False)
        pipeline.hset(RESULTS, mapping={order_id: status for _, order_id, status in batch})
        pipeline.xack(_STREAM, _GROUP, *(number for number, _, _ in batch))
        await pipeline.execute()


async def _main() -> None:
    client, done, running = async_job.client(), list[tuple[bytes, str, int]](), set[asyncio.Task[None]]()
    with contextlib.suppress(redis.ResponseError):  # it is there already
        await client.xgroup_create(_STREAM, _GROUP, id="0", mkstream=True)
    recorder = asyncio.create_task(_record(done))
    while not recorder.done():
        taken = await client.xreadgroup(_GROUP, "one", {_STREAM: ">"}, count=_AT_A_TIME - len(running), block=1000)
        for _, entries in taken:
            running |= {asyncio.create_task(_one(number, fields, done)) for number, fields in entries}
        if len(running) >= _AT_A_TIME:
            await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
        running = {task for task in running if not task.done()}
    recorder.result()


if __name__ == "__main__":
    asyncio.run(_main())
