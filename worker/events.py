"""What the worker tells Flower, never at the cost of its work: with a broker that does not answer it falls silent.

Celery's heartbeat would try for ever, in the main thread, and each thread that ends a task would wait for its turn to
try too. While they do, nobody notices that the broker is away, and nobody hears SIGTERM.
"""

from __future__ import annotations

import time
from typing import Any, Final

from celery.app import events
from celery.events.dispatcher import EventDispatcher
from typing_extensions import override

_SILENCE: Final = 30.0  # seconds after a failure; the next connection has a dispatcher of its own, which is not silent

_Celerys: Any = EventDispatcher  # its stubs know half of it


class Dispatcher(_Celerys):  # type: ignore[misc]  # as Celery's own
    """Keeps what it cannot send for the next connection, as Celery's does, but from the first failure on."""

    _silent_until = float("-inf")

    @override
    def _publish(self, event: Any, producer: Any, routing_key: str, **options: Any) -> None:
        kept = self._outbound_buffer
        if self.buffer_while_offline and time.monotonic() < self._silent_until:
            kept.append((event, routing_key))
            return
        before = len(kept)
        super()._publish(event, producer, routing_key, **options | {"retry": False})
        if len(kept) > before:
            self._silent_until = time.monotonic() + _SILENCE


class Events(events.Events):
    """An app's `events`, with that dispatcher."""

    dispatcher_cls = "worker.events:Dispatcher"
