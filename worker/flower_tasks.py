"""What Flower keeps of a task when somebody else's Celery tells of it.

Our workers tell an order's number and its shop only. A producer with `task_send_sent_event` announces its message
itself, with the arguments as they are, the customer's address among them; and its news may come after the worker's.
Somebody else's workers on the same broker tell their tasks' arguments, results and errors, whatever stands in them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from celery.events.state import Task
from typing_extensions import override

from tasks.doorbell import task_name
from tasks.messages.masking import mask_text
from tasks.order_task import NAME
from tasks.partners import PARTNERS

_OURS: Final = frozenset({NAME, *map(task_name, PARTNERS)})
_ARGUMENTS: Final = frozenset({"args", "kwargs"})
_TELLING: Final = _ARGUMENTS | {"result", "exception", "traceback"}


class DiscreetTask(Task):
    """Celery's picture of a task, which takes what a task is about from our workers alone."""

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
        told = self._discreet(type_, fields or {})
        return super().event(type_, timestamp, local_received, told, *tuning, **more_tuning)

    def _discreet(self, type_: str | None, fields: Mapping[str, Any]) -> dict[str, Any]:
        name = fields.get("name") or self.name
        if name in _OURS:
            return _without(fields, _ARGUMENTS if type_ == "sent" else frozenset())
        if name:
            return _without(fields, _TELLING)
        # It began before Flower did: its end may tell why, in whatever words.
        masked = {name: mask_text(str(fields[name])) for name in ("exception",) if fields.get(name)}
        return _without(fields, _TELLING) | masked


def _without(fields: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if name not in names}
