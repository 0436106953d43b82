"""What the worker tells Flower: cheaply, and never at the cost of its work.

Celery hands each event to kombu by itself, or a few at a time as soon as the event loop turns; that was a quarter of
all the worker did. Here an event becomes JSON once, where it happens, and all of half a second go out in one message.

With a broker that does not answer the worker falls silent. Celery's heartbeat would try for ever, in the main thread,
and each thread that ends a task would wait for its turn to try too. While they do, nobody notices that the broker is
away, and nobody hears SIGTERM.
"""

from __future__ import annotations

import json
import time
from collections import deque
from json.encoder import encode_basestring_ascii
from typing import Any, Final

from celery.app import events
from celery.events.dispatcher import EventDispatcher
from celery.utils.time import utcoffset
from kombu.utils import json as kombu_json
from typing_extensions import override

FLUSH_EVERY: Final = 0.5  # seconds; what Flower shows is as much later
_MOST_KEPT: Final = 1000  # events; then the event loop is asked to send them at once
_SILENCE: Final = 30.0  # seconds after a failure; the next connection has a dispatcher of its own, which is not silent
_GROUP: Final = "task"
_HOW: Final = frozenset({"utcoffset", "retry", "retry_policy", "Event"})  # arguments that are no fields of an event

_Celerys: Any = EventDispatcher  # its stubs know half of it


class Dispatcher(_Celerys):  # type: ignore[misc]  # as Celery's own
    """Keeps what it cannot send for the next connection, as Celery's does, but from the first failure on."""

    _silent_until = float("-inf")

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        self._told: deque[str] = deque()  # events of tasks, as JSON, that are to be sent
        super().__init__(*args, **kwargs)
        always = {"hostname": self.hostname, "pid": self.pid, "utcoffset": utcoffset()}
        self._always = json.dumps(always)[1:-1]

    @override
    def send(self, type: str, blind: bool = False, **fields: Any) -> None:
        if _GROUP not in self.buffer_group or not type.startswith("task-") or not _HOW.isdisjoint(fields):
            super().send(type, blind=blind, **fields)
        elif self.enabled and (not self.groups or _GROUP in self.groups):
            self._told.append(self._as_json(type, fields))
            if len(self._told) == _MOST_KEPT and self.on_send_buffered:
                self.on_send_buffered()

    @override
    def flush(self, errors: bool = True, groups: bool = True) -> None:
        super().flush(errors=errors, groups=groups)
        if not groups or not self._told:
            return
        with self.mutex:
            if not self._closed:
                told = [self._told.popleft() for _ in range(len(self._told))]
                self._publish(_Batch(f"[{','.join(told)}]"), self.producer, f"{_GROUP}.multi")

    @override
    def extend_buffer(self, other: Any) -> None:
        super().extend_buffer(other)
        self._told.extend(other._told)  # noqa: SLF001 - of its own class

    def _as_json(self, type_: str, fields: dict[str, Any]) -> str:
        told = [f'"{name}":{_value(value)}' for name, value in fields.items()]
        clock, now = self.clock.forward(), time.time()
        return f'{{{",".join(told)},"type":"{type_}","clock":{clock},"timestamp":{now!r},{self._always}}}'

    @override
    def _publish(self, event: Any, producer: Any, routing_key: str, **options: Any) -> None:
        kept = self._outbound_buffer
        if self.buffer_while_offline and time.monotonic() < self._silent_until:
            kept.append((event, routing_key))
            return
        before = len(kept)
        if isinstance(event, _Batch):
            producer = producer and _Written(producer)
        super()._publish(event, producer, routing_key, **options | {"retry": False})
        if len(kept) > before:
            self._silent_until = time.monotonic() + _SILENCE


def _value(value: object) -> str:
    """A value as JSON; most are text, for which a whole encoder need not be made."""
    if type(value) is str:
        return encode_basestring_ascii(value)
    if type(value) is int or value is None:
        return "null" if value is None else str(value)
    return str(kombu_json.dumps(value))


class _Batch(str):
    """A JSON list of events."""

    __slots__ = ()


class _Written:
    """A producer for what is JSON already."""

    def __init__(self, producer: Any) -> None:  # noqa: ANN401 - kombu's
        self._producer = producer

    def publish(self, body: str, *, serializer: str, **options: Any) -> None:  # noqa: ANN401, ARG002 - kombu's own
        self._producer.publish(
            body, serializer=None, content_type="application/json", content_encoding="utf-8", **options
        )


class Events(events.Events):
    """An app's `events`, with that dispatcher."""

    dispatcher_cls = "worker.events:Dispatcher"
