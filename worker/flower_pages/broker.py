"""Flower's Broker tab and its figures, from our ledger's connection: our queues, what waits behind them, and memory.

Flower's own asks for the lengths of what workers consume, and shows nothing at all where one of the names is no list,
or the broker a TLS one or a socket.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from flower.api import BaseApiHandler
from tornado.web import authenticated

from tasks.ledger import Ledger
from tasks.queue_lists import queue_lengths
from worker.cli.connection import address
from worker.flower_pages.current import CurrentPage
from worker.flower_pages.page import in_threads

_UNITS: Final = ("B", "KB", "MB", "GB", "TB")
_STEP: Final = 1024
_ROOM: Final = 0.8  # of maxmemory: above it somebody should look


class Memory(NamedTuple):
    """What Redis holds, in bytes; `limit` 0 is none."""

    used: int
    limit: int
    policy: str
    version: str

    @property
    def share(self) -> float | None:
        """Of the limit, 0–1."""
        return self.used / self.limit if self.limit else None

    @property
    def is_tight(self) -> bool:
        """Whether the limit is near."""
        return (self.share or 0.0) > _ROOM


class Broker(CurrentPage):
    """In the place of Flower's page of that name."""

    @authenticated
    async def get(self) -> None:
        """Queues, dead letters, memory."""
        snapshot = await self.snapshot()
        memory = await self.in_thread(_memory, self.ledger)
        self.show("broker.html", snapshot=snapshot, memory=memory, size=size, broker=address())


class QueueLengths(BaseApiHandler):
    """In the place of Flower's `/api/queues/length`."""

    @authenticated
    async def get(self) -> None:
        """`{"active_queues": [{"name": …, "messages": …}]}`, as Flower's."""
        lengths = await in_threads(queue_lengths, self.capp.runtime.ledger.redis)
        self.write({"active_queues": [{"name": name, "messages": length} for name, length in lengths.items()]})


def size(number: float) -> str:
    """Bytes as people read them: `1.4 GB`."""
    for unit in _UNITS[:-1]:
        if number < _STEP:
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= _STEP
    return f"{number:.1f} {_UNITS[-1]}"


def _memory(ledger: Ledger) -> Memory:
    info: dict[str, Any] = ledger.redis.info()
    version = f"{'Valkey' if 'valkey_version' in info else 'Redis'} {info.get('valkey_version', info['redis_version'])}"
    return Memory(int(info["used_memory"]), int(info["maxmemory"]), str(info["maxmemory_policy"]), version)
