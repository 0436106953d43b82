"""What Flower keeps of a task when somebody else's Celery tells of it.

Our workers tell an order's number and its shop only. A producer with `task_send_sent_event` announces its message
itself, with the arguments as they are, the customer's address among them; and its news may come after the worker's.
"""

from __future__ import annotations

from typing import Any, Final

from celery.events.state import Task
from typing_extensions import override

_ARGUMENTS: Final = ("args", "kwargs")


class DiscreetTask(Task):
    """Celery's picture of a task, which takes its arguments from workers alone."""

    @override
    def event(
        self,
        type_: str | None,
        timestamp: float | None = None,
        local_received: float | None = None,
        fields: dict[str, Any] | None = None,
        *tuning: Any,  # Celery's own
        **more_tuning: Any,
    ) -> str | None:
        if type_ == "sent":
            fields = {name: value for name, value in (fields or {}).items() if name not in _ARGUMENTS}
        return super().event(type_, timestamp, local_received, fields, *tuning, **more_tuning)
