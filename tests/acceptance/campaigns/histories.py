"""What a record's history says about its attempts: which may have gone through, and which excuse another call."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from tasks.ledger import Record

_TOO_MANY_REQUESTS: Final = 429


def ambiguities(record: Record) -> list[datetime]:
    """When attempts ended that may have gone through."""
    return [moment for moment, line in _history(record) if line.get("ambiguous")]


def excuses_in(record: Record) -> list[datetime]:
    """When attempts ended after which the partner may be called again."""
    return [moment for moment, line in _history(record) if _excuses(line)]


def story(record: Record) -> str:
    """All of it on one line."""
    return " | ".join(f"{line}" for line in record.history())


def _excuses(line: dict[str, Any]) -> bool:
    did_nothing = line.get("status") == _TOO_MANY_REQUESTS or line.get("outcome") == "account_refused"
    return bool(line.get("ambiguous")) or did_nothing


def _history(record: Record) -> list[tuple[datetime, dict[str, Any]]]:
    return [(datetime.fromisoformat(line["at"]), line) for line in record.history()]
