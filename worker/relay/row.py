"""A row of the outbox, and the order in it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Row as SqlRow

from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.strict_json import NotJson, read_json
from tasks.orders import Order, parse_order
from worker.relay.outcome import Outcome

_TOLD: Final = ("state", "redemptions", "reported_at", "receipt", "error")


@dataclass(frozen=True)
class Row:
    """One row as it was read. The ERP may have written anything at all into it."""

    id: int
    event: object
    created_at: datetime | None
    sent_at: datetime | None
    told: Outcome
    """What it says by now of what became of it."""

    @classmethod
    def of(cls, found: SqlRow[Any]) -> Row:
        """The row out of a SELECT of all columns."""
        told = Outcome(**{name: getattr(found, name) for name in _TOLD})
        return cls(found.id, found.event, found.created_at, found.sent_at, told)

    @property
    def ids(self) -> list[str]:
        """Its redemptions' ids; empty where it was not sent, or the column holds something else."""
        found = _json_or_none(self.told.redemptions)
        return [id_ for id_ in found if isinstance(id_, str)] if isinstance(found, list) else []

    @property
    def receipts(self) -> dict[str, Any]:
        """What is known for good of its redemptions."""
        found = _json_or_none(self.told.receipt)
        return found if isinstance(found, dict) else {}

    def order(self, now: datetime) -> Order:
        """The order in its event. One that does not say when it was completed was so when the row was written.

        Raises InvalidEvent.
        """
        event = _read(self.event)
        says_when = isinstance(event, dict) and event.get("completed_at") is not None
        placed = min(self.created_at or now, now)  # a database's clock may be ahead of ours
        return parse_order(event, now=now if says_when else placed)


def _read(event: object) -> object:
    if event is None:
        raise InvalidEvent((FieldError("$", "the column event is NULL"),))
    if isinstance(event, bytes):
        try:
            event = event.decode()
        except UnicodeDecodeError as error:
            raise InvalidEvent((FieldError("$", f"not UTF-8 at byte {error.start}"),)) from None  # it holds the event
    if not isinstance(event, str):
        raise InvalidEvent((FieldError("$", "the column event is not of type TEXT"),))
    try:
        return read_json(event)
    except NotJson as error:
        raise InvalidEvent((FieldError("$", str(error)),)) from error


def _json_or_none(text: str | None) -> object:
    try:
        return read_json(text) if text else None
    except (NotJson, TypeError):
        return None
