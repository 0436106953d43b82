"""How a record becomes a line: human for a console, or one JSON object; redacted before it is rendered, on one way.

Of records that are not structlog's only the text is told: their `extra` may hold anything, Celery's task arguments.
"""

from __future__ import annotations

import json
import logging
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable

    from config.redaction import Redactor

    Render = Callable[[dict[str, object]], str]

_CONTROLS: Final = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    10: "\\n",
    13: "\\r",
    9: "\\t",
}
_TO_QUOTE: Final = re.compile(r"[\s=\"']")
_EVENT_WIDTH: Final = 30
_LEVEL_WIDTH: Final = 8  # that of critical
_LEVEL_COLOURS: Final = {"critical": "31;1", "error": "31", "warning": "33", "info": "32", "debug": "32"}


class LineFormatter(logging.Formatter):
    """Writes a record as `render` does: given its fields, redacted, the first of which are ts, level, logger, event."""

    def __init__(self, redactor: Redactor, render: Render) -> None:
        super().__init__()
        self._redactor = redactor
        self._render = render

    @override
    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).replace(tzinfo=None)
        said: object = record.msg  # a dict where it is ours
        if not isinstance(said, dict):
            said = {"event": record.getMessage()}
        first = {
            "ts": f"{moment.isoformat(timespec='microseconds')}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": said.get("event"),
        }
        fields = {**first, **said, **first}
        if record.exc_info and record.exc_info[0]:
            fields["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            fields["stack"] = record.stack_info
        return self._render(self._redactor.fields(fields))


json_line: Final = json.JSONEncoder(ensure_ascii=False).encode
"""One JSON object."""


def console_line(*, colours: bool) -> Render:
    """How to write fields for people: time, level, event, logger, the rest as key=value, and a traceback below.

    Line breaks and escape sequences in what others wrote can neither forge lines nor steer the terminal.
    """

    def styled(text: str, style: str) -> str:
        return f"\x1b[{style}m{text}\x1b[0m" if colours else text

    def line(fields: dict[str, object]) -> str:
        below = [str(fields.pop(name)) for name in ("stack", "exception") if name in fields]
        ts, level, logger, event = (_shown(fields.pop(name, "")) for name in ("ts", "level", "logger", "event"))
        parts = [
            styled(ts, "2"),
            f"[{styled(f'{level:<{_LEVEL_WIDTH}}', _LEVEL_COLOURS.get(level, '0'))}]",
            styled(f"{event:<{_EVENT_WIDTH}}", "1"),
            f"[{styled(logger, '34;1')}]",
            *(f"{styled(name, '36')}={styled(_quoted(value), '35')}" for name, value in fields.items()),
        ]
        return "\n".join((" ".join(parts), *below))

    return line


def _shown(value: object) -> str:
    text = str(value)
    return text if text.isprintable() else text.translate(_CONTROLS)


def _quoted(value: object) -> str:
    if not isinstance(value, str):
        return repr(value)
    shown = _shown(value)
    return repr(shown) if _TO_QUOTE.search(shown) else shown
