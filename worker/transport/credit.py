"""How many messages each lane may have in hand. Pure.

A message is acknowledged when its task has ended, so what a lane has in hand is what it has in threads. The shares
add up to the worker's threads, so nobody waits for one: the intake has a fifth of them, twelve at most, since an order
is a matter of milliseconds, and several that are taken at once cost less than one by one; the partners share the rest,
and one partner has three quarters of that at most. A partner that hangs holds up neither the other nor the intake, and
an intake that waits for a Redis without memory to spare does not keep the partners from draining it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from worker.transport.lanes import Lanes

_UNLIMITED: Final = 64
"""Stands for a prefetch count of 0, which is none."""


def credit(lanes: Lanes, queue: str, in_hand: Mapping[str, int], total: int) -> int:
    """How many more messages the queue's lane may take; at least 0.

    `in_hand` is each consumed lane's number of messages, `total` the worker's number of threads.
    """
    total = total or _UNLIMITED
    if len(in_hand) == 1:
        return max(0, total - in_hand[queue])
    intake = intake_share(total) if lanes.intake in in_hand else 0
    if queue == lanes.intake:
        return max(0, intake - in_hand[queue])
    together = max(1, total - intake)
    taken_together = sum(count for name, count in in_hand.items() if name != lanes.intake)
    return max(0, min(share(together) - in_hand[queue], together - taken_together))


def intake_share(total: int) -> int:
    """How many of a worker's threads are the intake's, where it has partners' queues beside it."""
    return max(1, min(12, total // 5))


def share(together: int) -> int:
    """How many of the partners' threads one partner may take."""
    return max(1, together * 3 // 4)
