"""What all requests share: settings, the ledger, who may come in, how fast, and the threads that talk to Redis."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, TypeVar

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
PATIENCE: Final = 2.0
"""Seconds to wait for a broker that takes nothing: the shop can send again, its checkout should not wait."""
_LONGEST: Final = 15.0
"""Seconds until a request is answered, whatever Redis does and however many wait for it."""


class Door:
    """The state of one process of `redeem serve`."""

    def __init__(self, app: RedeemApp, patience: float = PATIENCE) -> None:
        self.app = app
        self.patience = patience
        self.settings: Settings = app.settings
        self.callers = Callers(app.settings.shops)
        self.rates = Rates(app.settings.web.orders_per_second)
        self.readiness = Readiness(app.settings)
        self.metrics = WebMetrics()
        self.strangers = 0
        """Whose bodies are being read now."""
        self._threads = ThreadPoolExecutor(_THREADS, "redeem-web")

    @property
    def runtime(self) -> Runtime:
        """The ledger; nothing is connected before it is first used."""
        return self.app.runtime

    async def in_thread(self, work: Callable[[], T], *, late: Callable[[str], Problem] | None = None) -> T:
        """What `work` returns, done in one of a few threads; whatever it raises.

        Work that was begun is never cut short, for who hangs up must not leave half of it. Raises `late`'s Problem,
        `not_taken` unless given, when it has not ended in time: then it may still be done, or never.
        """
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        await asyncio.wait({future}, timeout=_LONGEST)
        if future.done():
            return future.result()
        future.add_done_callback(_unheard)
        future.cancel()  # if it was not begun, it never will be
        raise (late or not_taken)("Redis does not answer in time")

    def close(self) -> None:
        """Give threads and connections back. What is still being journaled is; the process ends after that."""
        self.readiness.close()
        self._threads.shutdown(wait=False, cancel_futures=True)


def door_of(request: Request) -> Door:
    """The door that a request came in by."""
    door: Door = request.app.state.door
    return door


def not_taken(why: str) -> Problem:
    """The answer where orders were not journaled, or nobody knows: 503. `why` begins a sentence, for strangers."""
    return Problem(
        503,
        "Not taken",
        f"{why}. Nothing is promised: what was sent is not known to be journaled. Send the same again later; "
        "an order that comes twice is reported once.",
        type="unavailable",
        headers={"Retry-After": "2"},
    )


def not_told(why: str) -> Problem:
    """The answer where nothing can be looked up: 503. `why` begins a sentence, for strangers."""
    return Problem(503, "Cannot tell", f"{why}. Ask again later.", type="unavailable", headers={"Retry-After": "2"})


def _unheard(future: asyncio.Future[Any]) -> None:
    """What came too late, an error too, is told to nobody."""
    if not future.cancelled():
        future.exception()
