"""What may leave for Sentry: an event without secrets, addresses, task arguments, and paths of URLs.

What cannot be scrubbed does not leave: the SDK drops an event whose scrubbing raised. Breadcrumbs are scrubbed as a
part of the event they go with, not one by one: there are some for each redemption, and most go nowhere.
"""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, Final, cast
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

    from config.redaction import Redactor

_HASH: Final = "[hash]"
_URL: Final = re.compile(r"\b[a-z][a-z0-9+]{1,20}://[^\s\"'<>]+", re.IGNORECASE)
_MD5: Final = re.compile(r"(?<![0-9a-f-])[0-9a-f]{32}(?![0-9a-f-])", re.IGNORECASE)
"""What an address is hashed to for Sovendus: still personal data."""

_OURS: Final = frozenset({"event_id", "trace_id", "release"})  # they look like a hash, or like an address
_DROPPED: Final = frozenset(
    {
        "args", "kwargs", "argsrepr", "kwargsrepr", "celery-job", "params",  # ids of ours, whole orders of strangers
        "http.query", "http.fragment", "url.query", "url.fragment", "url.path", "query_string",
        "vars",  # the locals of a frame
        "user", "request", "cookies", "headers",  # nothing of ours sets them
        "dynamic_sampling_context",  # what a stranger's Celery says in its trace headers
    }
)  # fmt: skip


class Scrubber:
    """The SDK's hooks before anything is sent or kept as a breadcrumb."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def event(self, event: Event, hint: Hint) -> Event:
        """An event or a transaction, fit to be sent."""
        if said := _said(hint):
            event["logentry"] = {"message": said.pop("event", "")}
            event["extra"] = said
        return cast("Event", self._scrubbed(event))

    def breadcrumb(self, crumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb:
        """A breadcrumb as it is kept in this process: what was logged, in fields."""
        if said := _said(hint):
            crumb["message"] = said.pop("event", "")
            crumb["data"] = said
        return crumb

    def text(self, text: str) -> str:
        """The text without anything of that; of a URL the origin stays."""
        return _MD5.sub(_HASH, self._redactor.text(_URL.sub(_origin_only, text)))

    def _scrubbed(self, value: object) -> object:
        if isinstance(value, dict):
            return {
                self.text(str(key)): member if key in _OURS else self._scrubbed(member)
                for key, member in value.items()
                if key not in _DROPPED
            }
        if isinstance(value, list | tuple | set | frozenset):
            return [self._scrubbed(member) for member in value]
        if isinstance(value, bytes):
            return self.text(repr(value))
        if isinstance(value, str):
            return self.text(value)
        return value


def _said(hint: dict[str, Any]) -> dict[str, Any]:
    """What was logged through structlog, which hands one dict over where Sentry expects the message it groups by."""
    record = hint.get("log_record")
    said = record.msg if isinstance(record, logging.LogRecord) else None
    return dict(said) if isinstance(said, dict) else {}


def _origin_only(found: re.Match[str]) -> str:
    try:
        parts = urlsplit(found[0])
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "[URL]"
    return f"{parts.scheme}://{host}{port}/…"
