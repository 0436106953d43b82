"""The Celery task class of the partner tasks: Celery's own `retry`, but the wait is the ledger's.

On Redis a countdown would sit in a worker's memory, invisible, and after a kill -9 wait for the visibility timeout.
So `self.retry(…)` parks the redemption in the ledger and raises Celery's Retry without publishing anything; Flower
shows RETRY, and the waker rings again under the same task id when it is due.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NoReturn, cast

from celery import Task
from celery.exceptions import Ignore, Retry
from typing_extensions import override

from tasks.errors import GaveUp, PermanentError
from tasks.outcomes import Again
from tasks.redeeming import park
from tasks.runtime import runtime_of

if TYPE_CHECKING:
    from numbers import Real

DEAD_LETTER_EVENT: Final = "task-dead_letter"
"""Celery's event that makes Flower show the state DEAD_LETTER."""


class RedemptionTask(Task[Any, Any]):
    """A task whose one argument is a redemption's id."""

    abstract = True

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
