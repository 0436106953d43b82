"""What is away, Redis or the database: told once when it goes and once when it is back; and how long to wait."""

from __future__ import annotations

import time
from typing import Final

import structlog

_FIRST: Final = 0.1  # seconds
_LONGEST: Final = 5.0

log = structlog.get_logger("redeem.relay")


class Outage:
    """At most one is under way at a time."""

    def __init__(self) -> None:
        self._what = ""
        self._since = 0.0
        self._pause = _FIRST

    def goes_on(self, what: str, error: str) -> float:
        """`what` is away; returns the seconds to wait, more each time."""
        if what != self._what:
            log.warning("relay.waiting", away=what, error=error)
            if not self._what:
                self._since = time.monotonic()
            self._what = what
        pause, self._pause = self._pause, min(self._pause * 2, _LONGEST)
        return pause

    def is_over(self) -> None:
        """All went well."""
        if self._what:
            log.info("relay.goes_on", was_away=self._what, seconds=round(time.monotonic() - self._since, 1))
        self._what, self._pause = "", _FIRST
