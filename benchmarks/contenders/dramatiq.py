"""Dramatiq, two processes of 32 threads each.

Acknowledges when done; what a killed worker had in hand is done again, after a minute at the earliest.
Retries by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import dramatiq
from dramatiq.brokers.redis import RedisBroker

from benchmarks.contenders import job

broker = RedisBroker(url=job.REDIS_URL)
dramatiq.set_broker(broker)


@dramatiq.actor
def redeem(order: dict[str, Any]) -> None:
    """One job."""
    job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """`send`."""
    return redeem.send
