"""The one place where the HTTP door journals orders. What it returned is in the ledger; what it raised says 503."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import structlog

from config.flood import FloodGate
from tasks.acceptance import Accepted, accept_all
from tasks.orders import Order
from tasks.persistence import UNAVAILABLE
from worker.web.broker_words import why_refused
from worker.web.door import Door, not_taken
from worker.web.problems import Problem

_ONE_IN: Final = 10.0  # seconds between two lines on the same trouble

log = structlog.get_logger("redeem.web")
_gate = FloodGate(_ONE_IN)


async def take(door: Door, orders: Sequence[Order]) -> list[Accepted]:
    """Journal the orders, all of them or none, and ring for what is new.

    Raises Problem (503) when they are not known to be journaled.
    """
    return await door.in_thread(lambda: journal(door, orders))


def journal(door: Door, orders: Sequence[Order]) -> list[Accepted]:
    """As `take`, for who is in a thread already.

    Raises redis.RedisError for what does not pass by itself, which is a mistake of ours.
    """
    try:
        return accept_all(door.app, door.runtime, orders, patience=door.patience)
    except UNAVAILABLE as error:
        raise refused(error) from error


def refused(error: Exception) -> Problem:
    """The answer where Redis did not take a write; the operator is told in the log, not with every request."""
    if count := _gate.admit(type(error).__name__):
        log.warning("web.not_journaled", error=str(error), requests=count)
    return not_taken(why_refused(error))
