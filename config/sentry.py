"""Errors and pages to Sentry, where a DSN is set; scrubbed here, before they leave, not by a setting over there."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import TYPE_CHECKING, Any, Final, Literal
from urllib.parse import urlsplit

import sentry_sdk
from sentry_sdk.integrations.argv import ArgvIntegration
from sentry_sdk.integrations.atexit import AtexitIntegration
from sentry_sdk.integrations.celery import CeleryIntegration
from sentry_sdk.integrations.logging import ignore_logger
from sentry_sdk.transport import HttpTransport
from typing_extensions import override

from config.flood import FloodGate
from config.scrubbing import Scrubber
from config.values import is_loopback

if TYPE_CHECKING:
    from sentry_sdk.transport import Transport
    from sentry_sdk.types import Event, Hint

    from config.redaction import Redactor

PAGES: Final = "redeem.page"
"""The logger of pages, whose lines become no events by themselves: pages go to Sentry in a form of their own."""

_ONE_IN: Final = 300.0  # seconds between two events of one kind from one process
_LAST_WORDS: Final = 2.0  # seconds that the end of a process may wait for a Sentry that does not answer
_PAGE: Final = "page"  # the tag by which a page is known to the gate, which lets all of them through

Level = Literal["error", "warning", "info"]


def configure_sentry(dsn: str | None, redactor: Redactor, *, transport: type[Transport] | None = None) -> None:
    """Starts the SDK; does nothing without a DSN, whatever `SENTRY_…` variables say. `transport` replaces the SDK's.

    No locals, request bodies, command lines, sessions or personal data are sent; traces are off, and no trace header
    is added to calls and messages: partners get exactly the documented bytes.
    """
    if not dsn:
        return
    scrubber, gate = Scrubber(redactor), FloodGate(_ONE_IN)
    no_proxy = "" if is_loopback(urlsplit(dsn).hostname or "") else None  # None: as the environment says

    def before_send(event: Event, hint: Hint) -> Event | None:
        scrubbed = scrubber.event(event, hint)
        return _admitted(scrubbed, gate)

    ignore_logger(PAGES)
    sentry_sdk.init(
        dsn=dsn,
        transport=transport or _Attentive,
        http_proxy=no_proxy,
        https_proxy=no_proxy,
        release=os.environ.get("SENTRY_RELEASE") or f"redeem@{version('redeem')}",  # the SDK would ask git and Heroku
        before_send=before_send,
        before_send_transaction=scrubber.event,
        before_breadcrumb=scrubber.breadcrumb,
        include_local_variables=False,
        max_request_body_size="never",
        trace_propagation_targets=[],
        traces_sample_rate=None,
        auto_session_tracking=False,
        enable_logs=False,
        debug=False,  # SENTRY_DEBUG would print what is sent, past our log
        spotlight=False,  # SENTRY_SPOTLIGHT would send everything somewhere else as well
        shutdown_timeout=_LAST_WORDS,
        auto_enabling_integrations=False,
        integrations=[CeleryIntegration(propagate_traces=False), AtexitIntegration(callback=_without_a_word)],
        disabled_integrations=[ArgvIntegration],
    )


def capture_page(
    text: str, *, level: Level, fingerprint: Sequence[str], tags: Mapping[str, str], extra: Mapping[str, object]
) -> str | None:
    """Hand a page to Sentry, which makes one issue of all with the same fingerprint.

    Returns at once with the event's id; it is sent in the background. None where no DSN is set.
    """
    if not sentry_sdk.is_initialized():
        return None
    with sentry_sdk.new_scope() as scope:
        scope.clear_breadcrumbs()  # what this process did before says nothing about the account
        scope.fingerprint = list(fingerprint)
        for name, value in {_PAGE: "yes", **tags}.items():
            scope.set_tag(name, value)
        for name, thing in extra.items():
            scope.set_extra(name, thing)
        return sentry_sdk.capture_message(text, level=level, scope=scope)


def deliver(timeout: float) -> str | None:
    """Wait until everything is sent, `timeout` seconds at most; why it did not get there, or None where it did."""
    transport, began = sentry_sdk.get_client().transport, time.monotonic()
    if not isinstance(transport, _Attentive):
        return "no DSN is set"
    sentry_sdk.flush(timeout)
    if time.monotonic() - began >= timeout:
        return f"no answer within {timeout:g} s"
    return transport.lost


class _Attentive(HttpTransport):
    """The SDK's own; it keeps in mind why an event was lost."""

    lost: str | None = None

    @override
    def on_dropped_event(self, _reason: str) -> None:
        status = _reason.removeprefix("status_")
        self.lost = f"HTTP {status}" if status != _reason else {"network": "no connection"}.get(_reason, _reason)


def about(**tags: str) -> None:
    """Say what this task is about, for whatever error it may end with."""
    if not sentry_sdk.is_initialized():
        return
    for name, value in tags.items():
        sentry_sdk.get_isolation_scope().set_tag(name, value)


def _admitted(event: Event, gate: FloodGate) -> Event | None:
    tags = event.get("tags")
    if isinstance(tags, dict) and _PAGE in tags:
        return event
    count = gate.admit(_kind(event))
    if count is None:
        return None
    if count > 1:
        event["extra"] = {**event.get("extra", {}), "times_since_the_last_event": count}
    return event


def _kind(event: Event) -> tuple[str, ...]:
    """What makes two errors the same one: the logger's text, or the exceptions' types and where the last was raised."""
    entry: Any = event.get("logentry") or {}
    said = (str(event.get("logger", "")), str(entry.get("message") or event.get("message") or ""))
    raised: Any = event.get("exception") or {}
    return said + tuple(_raised(error) for error in raised.get("values") or ())


def _raised(error: Mapping[str, Any]) -> str:
    frames = (error.get("stacktrace") or {}).get("frames") or [{}]
    return f"{error.get('type')} {frames[-1].get('module')}:{frames[-1].get('lineno')}"


def _without_a_word(_pending: int, _timeout: float) -> None:
    """The SDK's own tells standard error how long it waits."""
