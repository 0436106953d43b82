"""Whether the door can answer, and whether orders can be taken now: for whoever starts it again if it hangs, and for
the load balancer that sends it traffic. Not ready is not ill: Redis is away, and restarting the door would not help.
"""

from __future__ import annotations

import asyncio
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from fastapi import APIRouter, Request
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from config.settings import Settings
from worker.web.broker_words import why_refused
from worker.web.problems import Problem

BOUND: Final = 2.0
"""Seconds until whoever asks has an answer, whatever Redis does."""
COUNTS_FOR: Final = 1.0
"""Seconds for which a finding is told without looking again: so asking often costs Redis nothing."""
_PATIENCE: Final = 1.5  # seconds with Redis; less than BOUND, so that the finding says what was wrong
_LIFE: Final = 60_000  # milliseconds of the key that is written

router = APIRouter(include_in_schema=False)


class Readiness:
    """Finds out whether Redis takes writes now, by a write of a few bytes that it refuses as it would refuse an order.

    It has a connection and a thread of its own: requests that wait for Redis would otherwise keep it from answering.
    However many ask, there is one look at a time. For the event loop's thread.
    """

    def __init__(self, settings: Settings) -> None:
        self._key = f"{settings.key_prefix}:ready"
        self._redis = Redis.from_url(
            settings.broker_url.get_secret_value(),
            socket_timeout=_PATIENCE,
            socket_connect_timeout=_PATIENCE,
            retry=Retry(NoBackoff(), 0),
        )
        self._thread = ThreadPoolExecutor(1, "redeem-readiness")
        self._look: asyncio.Future[str] | None = None
        self._began = 0.0

    def close(self) -> None:
        """Give thread and connection back."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._redis.close()

    async def why_not(self) -> str:
        """Empty when an order can be taken now, else why not, in words for anybody; after `BOUND` seconds at most."""
        if self._look is None or (self._look.done() and time.monotonic() - self._began > COUNTS_FOR):
            self._began = time.monotonic()
            self._look = asyncio.get_running_loop().run_in_executor(self._thread, self._write)
        look = self._look
        await asyncio.wait({look}, timeout=max(0.0, self._began + BOUND - time.monotonic()))
        return look.result() if look.done() else "Redis does not answer"

    def _write(self) -> str:
        try:
            self._redis.set(self._key, "?", px=_LIFE)
        except (RedisError, OSError) as error:
            return why_refused(error)
        return ""


@router.get("/healthz")
async def healthz() -> dict[str, str]:
    """Answers while the process can, and asks nobody."""
    return {"status": "ok"}


@router.get("/readyz")
async def readyz(request: Request) -> dict[str, str]:
    """Whether orders can be taken now. Raises Problem."""
    readiness: Readiness = request.app.state.door.readiness
    if why := await readiness.why_not():
        raise Problem(503, "Not ready", f"No orders can be taken now: {why}.", headers={"Retry-After": "2"})
    return {"status": "ok"}
