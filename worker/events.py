"""What the worker tells Flower, told once: Celery's heartbeat would try for ever, in the main thread.

While it does, nobody notices that the broker is away, and nobody hears SIGTERM. A heartbeat that is not heard is no
loss: the next one is two seconds away.
"""

from __future__ import annotations

from typing import Any

from celery.app import events
from celery.events.dispatcher import EventDispatcher
from typing_extensions import override

_Celerys: Any = EventDispatcher  # its stubs know half of it


class Dispatcher(_Celerys):  # type: ignore[misc]  # as Celery's own
    """Keeps what it cannot send for the next connection, as Celery's does, but at the first failure."""

    @override
    def send(self, type: str, *args: Any, **fields: Any) -> None:
        fields["retry"] = False
        super().send(type, *args, **fields)


class Events(events.Events):
    """An app's `events`, with that dispatcher."""

    dispatcher_cls = "worker.events:Dispatcher"
