"""structlog for tests of no log: plain lines, and no traceback with all locals, which takes seconds each."""

from __future__ import annotations

import structlog


def plain_logs() -> None:
    """Undo whatever was configured."""
    structlog.reset_defaults()
    structlog.configure(
        processors=[structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)]
    )
