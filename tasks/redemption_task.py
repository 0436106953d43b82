"""The Celery task class of the partner tasks: Celery's own `retry`, but the wait is the ledger's.

On Redis a countdown would sit in a worker's memory, invisible, and after a kill -9 wait for the visibility timeout.
So `self.retry(…)` parks the redemption in the ledger and raises Celery's Retry without publishing anything; Flower
shows RETRY, and the waker rings again under the same task id when it is due.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

import structlog
from celery import Celery, Task
from celery.exceptions import Ignore, Retry
from kombu.exceptions import OperationalError
from typing_extensions import override

from config.sentry import about
from tasks.doorbell import task_name
from tasks.errors import GaveUp, PermanentError
from tasks.identity import partner_of, shop_of, task_id
from tasks.ledger import Record
from tasks.outcomes import Again
from tasks.persistence import UNAVAILABLE
from tasks.redeeming import park
from tasks.runtime import runtime_of

if TYPE_CHECKING:
    from numbers import Real

log = structlog.get_logger("redeem.delivery")

DEAD_LETTER_EVENT: Final = "task-dead_letter"
"""Celery's event that makes Flower show the state DEAD_LETTER."""


class RedemptionTask(Task[Any, Any]):
    """A task whose one argument is a redemption's id."""

    abstract = True

    @override
    def before_start(self, task_id: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        """Say in Sentry which redemption an error was about."""
        redemption_id = str(args[0])  # messages without one do not get this far
        about(partner=partner_of(redemption_id), shop=shop_of(redemption_id), redemption=redemption_id)

    @override
    def retry(  # type: ignore[override]  # Celery's has a dozen arguments that make no sense for a parked one
        self, *, exc: Exception, countdown: float, again: Again
    ) -> NoReturn:
        """Park the redemption for `countdown` seconds and end this run as RETRY, or DEAD_LETTER if it waited too long.

        Raises celery.exceptions.Retry or Ignore.
        """
        if park(runtime_of(self.app), again) == "gave_up":
            self.dead_letter(GaveUp(again.error.message))
        raise Retry(str(exc), exc, when=cast("Real", countdown))

    def dead_letter(self, error: PermanentError) -> NoReturn:
        """End this run as DEAD_LETTER in Flower, with the reason in its Exception column.

        Raises celery.exceptions.Ignore.
        """
        report_dead_letter(self, f"{error.reason}: {error.message}")
        raise Ignore


def report_dead_letter(task: Task[Any, Any], text: str) -> None:
    """Tell Flower that this run ended as a dead letter."""
    task.send_event(DEAD_LETTER_EVENT, exception=text)


def report_given_up(app: Celery, letters: Iterable[Record]) -> None:
    """Tell Flower of dead letters that no run of a task ended as: each under its redemption's task id.

    Best effort, as all events: where the broker does not take them, a line in the log says so.
    """
    events: Any = app.events
    try:
        with events.default_dispatcher() as dispatcher:
            for letter in letters:
                name, text = task_name(letter.partner), letter.fields.get("error_message", "")
                told = {"name": name, "args": repr((letter.id,)), "exception": f"{letter.reason}: {text}"}
                dispatcher.send(DEAD_LETTER_EVENT, uuid=task_id(letter.id), **told)
    except (OperationalError, *UNAVAILABLE) as error:
        log.warning("flower.not_told", error=str(error))
