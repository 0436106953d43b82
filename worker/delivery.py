"""From a lane to a thread: Celery's own request for our own tasks, without what ours never need.

Stock Celery decodes each body twice, asks of each message whether it expires, waits or is revoked by a stamp, and sends
every acknowledgement through the event loop, which it wakes for it. What is left here does what an operator sees: the
events, `inspect active`, the task's context, and what becomes of Retry, Ignore, Reject and of a worker that stops.
Whatever is no message of ours goes Celery's own way. A task id that was revoked, or a rate limit, makes no difference:
either would hold an order back without a trace (worker/remote_control.py).
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Final

from celery import signals
from celery.app import trace
from celery.worker.request import Request
from celery.worker.state import task_reserved
from typing_extensions import override

from tasks.readable_request import describe_event
from worker.transport.delivered import Delivered

_Celerys: Any = Request  # its stubs know half of it
_log: Final = logging.getLogger("celery.worker.strategy")  # where Celery tells of a message that came


class LeanRequest(_Celerys):  # type: ignore[misc]  # as Celery's own
    """A message of ours on its way through the pool. It ends at its lane, from whatever thread."""

    acknowledged: bool = False

    def __init__(self, message: Delivered, task: Any, consumer: Any) -> None:  # noqa: ANN401 - Celery's
        headers, payload = message.headers, message.payload
        delivery = {**message.delivery_info, "priority": None, "redelivered": False}
        shown = headers.get("argsrepr") or describe_event(payload[0])
        self._message = message
        self._app, self._task, self._hostname = consumer.app, task, consumer.hostname
        self._utc, self._decoded, self._ignore_result = True, True, True
        self._content_type = self._content_encoding = self._eta = self._expires = None
        self._body = self._Request__payload = payload
        self.id, self._type, self.name = headers["id"], headers["task"], headers["task"]
        self._root_id = self._parent_id = None
        self._argsrepr, self._kwargsrepr = shown, "{}"
        self._eventer, self._connection_errors = consumer.event_dispatcher, consumer.connection_errors
        self._delivery_info = delivery
        self._args, self._kwargs = payload[0], payload[1]
        self._request_dict = {
            "headers": {},  # there are none of a stranger's that a task may see; Celery would look for them
            **headers,
            "argsrepr": shown,
            "kwargsrepr": "{}",
            "properties": message.properties,
            "hostname": self._hostname,
            "delivery_info": delivery,
            "args": payload[0],
            "kwargs": payload[1],
        }

    @override
    def info(self, safe: bool = False) -> Any:
        """What `celery inspect` and Flower's worker page show of a message in hand: never an order's arguments."""
        return super().info(safe=True)

    @override
    def execute_using_pool(self, pool: Any, **_: Any) -> Any:
        # Threads have no time limits, so neither are any asked for.
        return pool.apply_async(
            trace.fast_trace_task if self._app.use_fast_trace_task else trace.trace_task_ret,
            args=(self._type, self.id, self._request_dict, self._body, None, None),
            accept_callback=self.on_accepted,
            callback=self.on_success,
            error_callback=self.on_failure,
            correlation_id=self.id,
        )

    @override
    def acknowledge(self) -> None:
        if not self.acknowledged:
            self.acknowledged = True
            self._message.end()

    @override
    def reject(self, requeue: bool = False) -> None:
        if not self.acknowledged:
            self.acknowledged = True
            self._message.end(requeue=requeue)
            self.send_event("task-rejected", requeue=requeue)


def handler(consumer: Any, otherwise: Callable[[Any], Any]) -> Callable[[Any], Any]:  # noqa: ANN401 - Celery's consumer
    """What a consumer does with a message: the lean way for ours, `otherwise` for every other."""
    tasks = consumer.app.tasks
    eventer = consumer.event_dispatcher
    tells = _log.isEnabledFor(logging.INFO)

    def receive(message: Any) -> Any:  # noqa: ANN401 - kombu's
        if type(message) is not Delivered:
            return otherwise(message)
        task = tasks[message.headers["task"]]  # the lane lets no other through
        request = LeanRequest(message, task, consumer)
        if tells:
            _tell(request)
        if signals.task_received.receivers:
            signals.task_received.send(sender=consumer, request=request)
        if eventer and eventer.enabled and task.send_events:
            _announce(eventer, request)
        task_reserved(request)
        return consumer.on_task_request(request)

    return receive


def _tell(request: Any) -> None:  # noqa: ANN401 - as Celery's
    context = {"id": request.id, "name": request.name, "args": request.argsrepr, "kwargs": "{}", "eta": None}
    _log.info(trace.LOG_RECEIVED, context, extra={"data": context})


def _announce(eventer: Any, request: Any) -> None:  # noqa: ANN401 - as Celery's
    # Without the times that none of ours has: an ETA, and when it expires.
    eventer.send(
        "task-received",
        uuid=request.id,
        name=request.name,
        args=request.argsrepr,
        kwargs="{}",
        root_id=None,
        parent_id=None,
        retries=request.request_dict.get("retries", 0),
    )
