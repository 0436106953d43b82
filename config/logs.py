"""One way of logging for everyone, Celery and kombu included: human in a console, or one JSON object a line.

structlog writes through the standard library's root logger, where a single handler renders and redacts every record.
A line is written for each attempt at a redemption, so the way is short: no processor without need, no record twice, no
search for the line of code that logs, and what is off by level costs a look.
"""

from __future__ import annotations

import contextlib
import logging
import sys
from logging.handlers import WatchedFileHandler
from typing import TYPE_CHECKING, Any, Literal, TextIO

import structlog
from typing_extensions import override

from config.log_lines import LineFormatter, console_line, json_line

if TYPE_CHECKING:
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

_LEVELS = {name.lower(): level for name, level in logging.getLevelNamesMapping().items()} | {"exception": logging.ERROR}
"""The level of each of structlog's methods."""


def configure_logging(
    level: str | int, form: Literal["console", "json"], redactor: Redactor, *, file: str | None = None
) -> None:
    """Sends every log record of this process, from `level` on, in the given form, redacted: to stderr, or to `file`.

    A file is added to, and opened anew when it was moved away (logrotate). Raises OSError where it cannot be opened.
    May be called again, from Celery's `setup_logging` signal too: the last call counts, nothing is written twice.
    Handlers that others put on the root logger stay.
    """
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.stdlib.PositionalArgumentsFormatter()],
        logger_factory=logging.getLogger,
        wrapper_class=_BoundLogger,
        cache_logger_on_first_use=True,  # safe: what may change between calls is the handler, not this chain
    )
    handler = _RedactingHandler(sys.stderr) if file is None else _RedactingFileHandler(file, encoding="utf-8")
    render = json_line if form == "json" else console_line(colours=file is None and sys.stderr.isatty())
    handler.setFormatter(LineFormatter(redactor, render))
    root = logging.getLogger()
    for old in [old for old in root.handlers if isinstance(old, _Redacting)]:
        root.removeHandler(old)
        if isinstance(old, _RedactingFileHandler):
            old.close()
    root.addHandler(handler)
    root.setLevel(level)
    for name, floor in _FLOORS.items():
        logging.getLogger(name).setLevel(max(floor, root.level))
    for name in _REPEAT_US:
        logging.getLogger(name).setLevel(
            root.level if root.level <= logging.DEBUG else max(logging.WARNING, root.level)
        )


class _Redacting(logging.StreamHandler[TextIO]):
    """Ours among the root's handlers. When rendering fails it says so without the record, which may hold anything.

    Where nothing can be written, as on a full disk, the line is lost and whoever logs goes on.
    """

    @override
    def handleError(self, record: logging.LogRecord) -> None:
        kind = sys.exc_info()[0]
        with contextlib.suppress(OSError):
            self.stream.write(f"a log record of {record.name} could not be written: {kind.__name__ if kind else ''}\n")
            self.stream.flush()


class _RedactingHandler(_Redacting):
    """To a stream that others own."""


class _RedactingFileHandler(_Redacting, WatchedFileHandler):
    """To a file of its own."""


class _BoundLogger(structlog.stdlib.BoundLogger):
    """structlog's own, but it hands on a whole record, whose message is all that was said.

    Our formatter renders that, and Sentry's hooks read it.
    """

    @override
    def _proxy_to_logger(self, method_name: str, event: str | None = None, *event_args: str, **event_kw: Any) -> None:
        level = _LEVELS[method_name]
        if not self._logger.isEnabledFor(level):
            return
        error = _exc_info(event_kw.pop("exc_info", None))
        if event_args:
            event_kw["positional_args"] = event_args
        with contextlib.suppress(structlog.DropEvent):
            _, said = self._process_event(method_name, event, event_kw)
            self._logger.handle(logging.LogRecord(self._logger.name, level, "", 0, said, None, error))


def _exc_info(error: object) -> Any:  # noqa: ANN401 - a triple, whose spelling mypy knows three of
    """As a record carries it: of an exception, of a triple, of True for the one at hand."""
    if isinstance(error, BaseException):
        return type(error), error, error.__traceback__
    return error if isinstance(error, tuple) else sys.exc_info() if error else None
