"""`orders.completed`: the door for everyone's Celery. One positional argument, the event.

The message is the only copy of the order, so it goes only when the ledger holds what it asks for: its redemptions, or
a dead letter. Whatever else happens, it is put back.
"""

from __future__ import annotations

import hashlib
import time
from datetime import UTC, datetime
from typing import Any, Final, NoReturn

import structlog
from celery import Task, shared_task
from celery.exceptions import Ignore, Reject
from redis import RedisError

from tasks.acceptance import accept
from tasks.errors import Crashed
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.burying import Reasoned, bury_event
from tasks.orders import Order, parse_order
from tasks.persistence import UNAVAILABLE, until_recorded
from tasks.redemption_task import report_dead_letter
from tasks.runtime import Runtime, runtime_of

NAME = "orders.completed"
QUEUE = "orders"

log = structlog.get_logger("redeem.delivery")

_PATIENCE_WITH_DEATH: Final = 20.0  # seconds to wait for the broker until an event that is not valid is put back
_BEFORE_PUT_BACK: Final = 1.0  # seconds; an error that stays would otherwise send the message round and round


class OrderTask(Task[Any, Any]):
    """A task whose arguments nobody gets to see."""

    abstract = True
    Request = "tasks.readable_request:OrderRequest"


# acks_late: the message is the only copy until the ledger holds the order.
@shared_task(bind=True, base=OrderTask, name=NAME, acks_late=True)
def completed(self: OrderTask, *args: Any, **kwargs: Any) -> str:  # noqa: ANN401 - whatever a stranger sends
    """Journal the order's redemptions; an event that is not valid becomes a dead letter."""
    try:
        runtime = runtime_of(self.app)
        try:
            return _journal(self, runtime, _only_event(args, kwargs))
        except InvalidEvent as error:
            why: Reasoned = error
        except (RedisError, OSError):
            raise
        except Exception as error:  # a mistake of ours, of whatever kind, must not cost the order
            log.exception("order.crashed", task_id=self.request.id)
            why = Crashed(f"handling it failed with {type(error).__name__}: see the worker's log")
        _bury(self, runtime, [list(args), kwargs, {}] if kwargs or len(args) != 1 else args[0], why)
    except Exception as error:  # noqa: BLE001 - as above
        _put_back(error)
    report_dead_letter(self, f"{why.reason}: {why}")
    raise Ignore


def _journal(task: OrderTask, runtime: Runtime, order: Order) -> str:
    # The message is booked until it is acknowledged, which a Redis that cannot write refuses as well.
    accepted = accept(task.app, runtime, order, confirm=False)
    new, known, dead = accepted.count("ring", "rest"), accepted.count("duplicate"), accepted.count("dead")
    return f"{new} new, {known} known, {dead} dead"


def _only_event(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Order:
    if len(args) != 1 or kwargs:
        raise InvalidEvent((FieldError("$", "the task takes one positional argument, the event"),))
    return parse_order(args[0], now=datetime.now(UTC))


def _bury(task: OrderTask, runtime: Runtime, event: object, why: Reasoned) -> None:
    token = _occurrence(task, event)
    until_recorded(lambda: bury_event(runtime, event, why, token=token), what="a bad event", limit=_PATIENCE_WITH_DEATH)


def _occurrence(task: OrderTask, event: object) -> str:
    """The same when this very message comes again, say because its worker died before it could say that it is done.

    Its sender's tag tells it, except that senders may have given one tag to several messages.
    """
    tag = (task.request.properties or {}).get("sender_tag")
    return f"{tag} {hashlib.sha256(repr(event).encode(errors='surrogatepass')).hexdigest()}"


def _put_back(error: Exception) -> NoReturn:
    if isinstance(error, UNAVAILABLE):
        log.warning("order.put_back", error=type(error).__name__)
    else:  # it does not pass by itself: an error, which Sentry hears of
        log.error("order.put_back", error=type(error).__name__, exc_info=error)
    time.sleep(_BEFORE_PUT_BACK)
    raise Reject(type(error).__name__, requeue=True) from error
