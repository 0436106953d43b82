"""Puts the sample orders through the door that everyone uses, `redeem emit`, and watches for their ends."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping, Sequence
from typing import Any

from worker.dev.stack.programs import EMIT

SETTLE_WITHIN = 30.0
"""Seconds; the sample orders need about six, most of them waiting for a second retry."""


class Emitter:
    """Emits events once; `settled` is to be told each redemption that came to its end, of whomever."""

    def __init__(self, events: Sequence[Mapping[str, Any]], environment: Mapping[str, str]) -> None:
        self._events = events
        self._environment = environment
        self._orders = {str(event["order_id"]) for event in events}
        self._open = sum(len(event["coupons"]) for event in events)
        self._done = asyncio.Event()

    async def emit(self) -> str:
        """Journal them all. Returns an empty text, or why they were refused."""
        process = await asyncio.create_subprocess_exec(
            *EMIT,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=dict(self._environment),
            start_new_session=True,
        )
        lines = "".join(f"{json.dumps(event)}\n" for event in self._events)
        try:
            output, _ = await process.communicate(lines.encode())
        finally:
            if process.returncode is None:  # a stop was asked for
                process.kill()
                await process.wait()
        return "" if process.returncode == 0 else output.decode("utf-8", "replace").strip() or "without a word"

    def settled(self, redemption_id: str) -> None:
        """One redemption came to its end; ids are `<partner>:<shop>:<order_id>:<CODE>`."""
        order = redemption_id.split(":")[2:3]
        if self._orders.issuperset(order) and order:
            self._open -= 1
        if self._open <= 0:
            self._done.set()

    async def until_settled(self) -> None:
        """Return when all have come to their ends, or after `SETTLE_WITHIN` seconds."""
        try:
            async with asyncio.timeout(SETTLE_WITHIN):
                await self._done.wait()
        except TimeoutError:
            return
