"""`orders.completed`: the door for everyone's Celery. One positional argument, the event."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from celery import Task, shared_task
from celery.exceptions import Ignore, Reject

from tasks.acceptance import accept
from tasks.bad_events import REASON, bury_event
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.orders import Order, parse_order
from tasks.persistence import UNAVAILABLE, until_recorded
from tasks.redemption_task import report_dead_letter
from tasks.runtime import runtime_of

NAME = "orders.completed"
QUEUE = "orders"


class OrderTask(Task[Any, Any]):
    """A task whose arguments nobody gets to see."""

    abstract = True
    Request = "tasks.readable_request:OrderRequest"


# acks_late: the message is the only copy until the ledger holds the order.
@shared_task(bind=True, base=OrderTask, name=NAME, acks_late=True)
def completed(self: OrderTask, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - whatever a stranger sends
    """Journal the order's redemptions; an event that is not valid becomes a dead letter."""
    runtime = runtime_of(self.app)
    try:
        accepted = accept(self.app, runtime, _only_event(args, kwargs))
    except InvalidEvent as error:
        invalid = error
    except UNAVAILABLE as error:
        raise Reject(str(error), requeue=True) from error
    else:
        return (
            f"{accepted.count('ring', 'rest')} new, {accepted.count('duplicate')} known, {accepted.count('dead')} dead"
        )
    event = args[0] if len(args) == 1 else {"args": list(args), "kwargs": kwargs}
    try:
        until_recorded(lambda: bury_event(runtime, event, invalid), what="an invalid event", limit=20.0)
    except UNAVAILABLE as error:
        raise Reject(str(error), requeue=True) from error
    report_dead_letter(self, f"{REASON}: {invalid}")
    raise Ignore


def _only_event(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Order:
    if len(args) != 1 or kwargs:
        raise InvalidEvent((FieldError("$", "the task takes one positional argument, the event"),))
    return parse_order(args[0], now=datetime.now(UTC))
