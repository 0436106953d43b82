"""One way of logging for everyone, Celery and kombu included: human in a console, or one JSON object a line.

structlog writes through the standard library's root logger, where a single handler renders and redacts every record.
`extra` of foreign records is not rendered: Celery puts task arguments there.
"""

from __future__ import annotations

import json
import logging
import sys
from typing import TYPE_CHECKING, Literal, TextIO

import structlog
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from structlog.typing import EventDict, Processor, WrappedLogger

    from config.redaction import Redactor

_FLOORS = {
    "celery.pool": logging.INFO,  # DEBUG prints the arguments of every task
    "kombu.channel": logging.INFO,  # DEBUG (KOMBU_LOG_CHANNEL) prints whole messages
    "kombu.connection": logging.INFO,  # DEBUG prints every channel call
    "kombu.pidbox": logging.INFO,  # DEBUG prints the arguments of remote-control commands
    "redis": logging.INFO,  # DEBUG prints connection details
    "requests": logging.WARNING,  # DEBUG and INFO may print URLs, and Uniqodo's holds the API key
    "sentry_sdk": logging.INFO,  # DEBUG prints the URL of each call it sees
    "sqlalchemy": logging.WARNING,  # DEBUG prints the rows it reads, which are orders, and INFO every statement
    "urllib3": logging.ERROR,  # DEBUG, INFO and WARNING print URLs, whole or without their host
}
"""Logger → the level beneath which it stays silent, whatever level is set."""

_REPEAT_US = {"celery.app.trace", "celery.worker.strategy"}
"""They say at INFO, twice a task, what `delivery.attempted` says in one line: silent there unless DEBUG is set."""

_CONTROLS = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {10: "\\n", 13: "\\r", 9: "\\t"}
_BEFORE_RENDERING = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.add_log_level,
    structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
)


def configure_logging(level: str, form: Literal["console", "json"], redactor: Redactor) -> None:
    """Sends every log record of this process, from `level` on, to stderr in the given form, redacted.

    May be called again, from Celery's `setup_logging` signal too: the last call counts, nothing is written twice.
    Handlers that others put on the root logger stay.
    """
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *_BEFORE_RENDERING,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.processors.StackInfoRenderer(),
            _hand_over,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,  # safe: what may change between calls is the handler, not this chain
    )
    handler = _RedactingHandler(sys.stderr)
    handler.setFormatter(_formatter(form, redactor, colours=sys.stderr.isatty()))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _RedactingHandler)]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, root.level))
    for name in _REPEAT_US:
        logging.getLogger(name).setLevel(
            root.level if root.level <= logging.DEBUG else max(logging.WARNING, root.level)
        )


class _RedactingHandler(logging.StreamHandler[TextIO]):
    """Ours among the root's handlers. When rendering fails it says so without the record, which may hold anything."""

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        kind = sys.exc_info()[0]
        self.stream.write(f"a log record of {record.name} could not be written: {kind.__name__ if kind else ''}\n")


def _formatter(form: Literal["console", "json"], redactor: Redactor, *, colours: bool) -> logging.Formatter:
    def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return redactor.fields(event)

    ending: Sequence[Processor] = (_json_line,)
    if form == "console":
        console = structlog.dev.ConsoleRenderer(
            colors=colours,
            timestamp_key="ts",
            sort_keys=False,
            exception_formatter=structlog.dev.plain_traceback,  # the default shows locals
        )
        ending = (_without_controls, console)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_BEFORE_RENDERING,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            redact,
            *ending,
        ],
    )


def _hand_over(logger: logging.Logger, _method: str, event: EventDict) -> tuple[tuple[EventDict], Mapping[str, object]]:
    """As structlog's own `wrap_for_formatter`, but the record carries the exception too, where Sentry looks for it."""
    return (event,), {"exc_info": event.get("exc_info"), "extra": {"_logger": logger, "_name": logger.name}}


def _json_line(_logger: WrappedLogger, _method: str, event: EventDict) -> str:
    first = {key: event.pop(key) for key in ("ts", "level", "logger", "event") if key in event}
    return json.dumps({**first, **event}, ensure_ascii=False)


def _without_controls(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Line breaks and escape sequences in what others wrote can neither forge lines nor steer the terminal."""
    return {
        key: value.translate(_CONTROLS) if isinstance(value, str) and key not in ("exception", "stack") else value
        for key, value in event.items()
    }
