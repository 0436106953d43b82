"""What all requests share: settings, the ledger, who may come in, how fast, and the threads that talk to Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from fastapi import Request

from config.settings import Settings
from tasks.runtime import Runtime
from worker.composition import RedeemApp
from worker.web.callers import Callers
from worker.web.health import Readiness
from worker.web.metrics import WebMetrics
from worker.web.problems import Problem
from worker.web.rates import Rates

T = TypeVar("T")

_THREADS: Final = 16
"""They share one GIL and one Redis: more only wait."""
_LONGEST: Final = 15.0
"""Seconds until a request is answered whatever Redis does: a shop's checkout does not wait longer."""


class Door:
    """The state of one process of `redeem serve`."""

    def __init__(self, app: RedeemApp) -> None:
        self.app = app
        self.settings: Settings = app.settings
        self.callers = Callers(app.settings.shops)
        self.rates = Rates(app.settings.web.orders_per_second)
        self.readiness = Readiness(app.settings)
        self.metrics = WebMetrics()
        self._threads = ThreadPoolExecutor(_THREADS, "redeem-web")

    @property
    def runtime(self) -> Runtime:
        """The ledger; nothing is connected before it is first used."""
        return self.app.runtime

    async def in_thread(self, work: Callable[[], T]) -> T:
        """What `work` returns, done in one of a few threads; whatever it raises.

        Work that was begun is never cut short, for who hangs up must not leave half of it. Raises Problem (503) when
        it has not ended in time: then it may still be done, or never.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        try:
            return await asyncio.wait_for(asyncio.shield(future), _LONGEST)
        except TimeoutError:
            if future.done():  # the work's own
                raise
            future.cancel()  # if it was not begun, it never will be
            raise unavailable("Redis does not answer in time") from None

    def close(self) -> None:
        """Give threads and connections back, once nothing is in hand."""
        self.readiness.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def door_of(request: Request) -> Door:
    """The door that a request came in by."""
    door: Door = request.app.state.door
    return door


def unavailable(why: str) -> Problem:
    """The answer where Redis does not do what it should: 503, and to send it again is right.

    `why` is part of a sentence, in words for strangers.
    """
    return Problem(
        503,
        "Not taken",
        f"{why}. Nothing is promised: what was sent is not known to be journaled. Send the same again later; "
        "an order that comes twice is reported once.",
        type="unavailable",
        headers={"Retry-After": "2"},
    )
