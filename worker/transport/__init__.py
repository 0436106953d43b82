"""How our workers take messages off Redis: kombu's Redis transport, with what loses messages replaced.

kombu takes a message with BRPOP and books it in a later round trip; whoever is killed in between loses it, and a body
that is no JSON ends the worker. Here each of our queues is a *lane*:

- a look that blocks and takes nothing, then one script that takes *and books*, several messages at once (`lane.py`);
- a worker's bookings live as long as it gives signs of life, and then go back to their queues (`bookings.py`);
- what was taken is read all through before Celery sees it, and what cannot be is a dead letter (`lane.py`);
- each lane has a credit of its own, so that a partner that hangs holds back nobody else's messages (`credit.py`);
- nothing of it needs memory from a Redis that is full, or it could never drain.

Producers need none of this: theirs is any Celery with a plain `redis://`.
"""

from __future__ import annotations

from typing import Final

from kombu.transport import TRANSPORT_ALIASES, _transport_cache

from worker.transport.lanes import Lanes

__all__ = ["Lanes", "install"]

_OURS: Final = "worker.transport.channel:Transport"


def install() -> None:
    """Let this process's `redis://`, `rediss://` and socket URLs mean our transport.

    A scheme of its own would do as well, but Flower's broker page knows only kombu's. What kombu remembers of a
    connection that was made before is forgotten.
    """
    for scheme in ("redis", "rediss"):
        TRANSPORT_ALIASES[scheme] = _OURS
        _transport_cache.pop(scheme, None)
