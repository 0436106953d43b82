"""Errors to Sentry, where a DSN is set; scrubbed here, before they leave the process, not by a setting over there."""

from __future__ import annotations

import logging
import re
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.celery import CeleryIntegration

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Breadcrumb, BreadcrumbHint, Event, Hint

    from config.redaction import Redactor

_URL = re.compile(r"\bhttps?://[^\s\"'<>]+", re.IGNORECASE)
_ARGUMENTS = frozenset({"args", "kwargs", "argsrepr", "kwargsrepr", "celery-job", "params"})
"""Keys under which the SDK sends task and log arguments: ids of ours, but whole orders of strangers."""
_QUERIES = frozenset({"http.query", "http.fragment", "url.query", "url.fragment", "url.path", "query_string"})


def configure_sentry(dsn: str | None, redactor: Redactor, *, transport: type[Transport] | None = None) -> None:
    """Starts the SDK; does nothing without a DSN. `transport` replaces the SDK's own way of sending.

    No locals, request bodies, command lines or personal data are sent; traces are off, and no trace header is added
    to calls and messages: partners get exactly the documented bytes.
    """
    if not dsn:
        return
    scrubber = _Scrubber(redactor)
    sentry_sdk.init(
        dsn=dsn,
        transport=transport,
        before_send=scrubber.event,
        before_send_transaction=scrubber.event,
        before_breadcrumb=scrubber.breadcrumb,
        include_local_variables=False,
        max_request_body_size="never",
        trace_propagation_targets=[],
        enable_logs=False,
        enable_metrics=False,
        auto_enabling_integrations=False,
        integrations=[CeleryIntegration(propagate_traces=False)],
        disabled_integrations=[ArgvIntegration],
    )


class _Scrubber:
    """Takes secrets, addresses, task arguments and every URL's path and query out of what goes to Sentry."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor

    def event(self, event: Event, hint: Hint) -> Event:
        if said := _said(hint):
            event["logentry"] = {"message": said.pop("event", "")}
            event["extra"] = said
        return cast("Event", self._scrubbed(event))

    def breadcrumb(self, crumb: Breadcrumb, hint: BreadcrumbHint) -> Breadcrumb:
        if said := _said(hint):
            crumb["message"] = said.pop("event", "")
            crumb["data"] = said
        return cast("Breadcrumb", self._scrubbed(crumb))

    def _scrubbed(self, value: object) -> object:
        if isinstance(value, dict):
            return {
                self._redactor.text(str(key)): self._scrubbed(member)
                for key, member in value.items()
                if key not in _ARGUMENTS and key not in _QUERIES
            }
        if isinstance(value, list | tuple):
            return [self._scrubbed(member) for member in value]
        if isinstance(value, str):
            return self._redactor.text(_URL.sub(_origin_only, value))
        return value


def _said(hint: dict[str, Any]) -> dict[str, Any]:
    """What was logged through structlog, which hands one dict over where Sentry expects the message it groups by."""
    record = hint.get("log_record")
    said = record.msg if isinstance(record, logging.LogRecord) else None
    return {key: value for key, value in said.items() if key != "exc_info"} if isinstance(said, dict) else {}


def _origin_only(found: re.Match[str]) -> str:
    try:
        parts = urlsplit(found[0])
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "[URL]"
    return f"{parts.scheme}://{host}{port}/…"
