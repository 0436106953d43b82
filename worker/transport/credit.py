"""How many messages each lane may have in hand. Pure.

A partner's message is acknowledged when its call has ended, so what a lane has in hand is what it has in flight, and a
partner that hangs holds as many threads as it has credit: three quarters of them, never all. All partners together
leave two to the intake, so that orders are journaled whoever hangs.
"""

from __future__ import annotations

from collections.abc import Mapping

from worker.transport.lanes import Lanes

_KEPT_FOR_INTAKE = 2


def credit(lanes: Lanes, queue: str, in_hand: Mapping[str, int], total: int) -> int:
    """How many more messages the queue's lane may take; at least 0.

    `in_hand` is each consumed lane's number of messages, `total` the worker's prefetch count (0: no limit, as Celery
    has it, which here means one of 16 threads' worth a lane).
    """
    total = total or 16
    left = total - in_hand[queue]
    if queue == lanes.intake or len(in_hand) == 1:
        return max(0, left)
    share = max(1, total * 3 // 4) - in_hand[queue]
    reserve = _KEPT_FOR_INTAKE if lanes.intake in in_hand else 0
    together = max(1, total - reserve) - sum(count for name, count in in_hand.items() if name != lanes.intake)
    return max(0, min(left, share, together))
