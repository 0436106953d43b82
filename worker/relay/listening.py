"""PostgreSQL's NOTIFY as a doorbell: the table's trigger rings, and the relay need not wait for its next poll.

A doorbell and no more: what is not heard (no trigger, a pooler in between, a connection that is gone) costs one poll.
"""

from __future__ import annotations

import time
from typing import Any, Final

import structlog

from worker.relay.database import Database
from worker.relay.stopping import Stop
from worker.relay.table import NAME

_AGAIN_AFTER: Final = 5.0  # seconds until a connection that was lost is tried again

log = structlog.get_logger("redeem.relay")


class Doorbell:
    """Waits for a row, for a stop, or for time to pass; on other databases than PostgreSQL for the latter two."""

    def __init__(self, database: Database, stop: Stop) -> None:
        self._database = database
        self._stop = stop
        self._can_listen = database.url.get_backend_name() == "postgresql"
        self._connection: Any = None  # psycopg's, while it listens
        self._not_before = 0.0

    def wait(self, seconds: float) -> bool:
        """Return after so many seconds at the most; True, at once, where a row may have come since the last time."""
        if self._connection is None:
            if self._listen():
                return True  # a row may have come before it listened
            self._stop.wait(min(seconds, _AGAIN_AFTER) if self._can_listen else seconds)
            return self._can_listen  # but hears nothing: better look
        if self._rang():
            return True
        self._stop.wait(seconds, [self._connection])
        return self._rang()

    def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self) -> bool:
        if not self._can_listen or time.monotonic() < self._not_before:
            return False
        self._not_before = time.monotonic() + _AGAIN_AFTER
        import psycopg  # noqa: PLC0415 - other databases do without

        arguments, options = self._database.engine.dialect.create_connect_args(self._database.url)
        try:
            self._connection = psycopg.connect(*arguments, **{**options, **self._database.options, "autocommit": True})
            self._connection.execute(f"LISTEN {NAME}")
        except psycopg.Error as error:
            self._deaf(error)
        return self._connection is not None

    def _rang(self) -> bool:
        """Whether it rang since it was last asked."""
        import psycopg  # noqa: PLC0415 - as above

        try:
            return [*self._connection.notifies(timeout=0)] != []
        except psycopg.Error as error:
            self._deaf(error)
            return True  # whether it did nobody knows

    def _deaf(self, error: Exception) -> None:
        log.info("relay.not_listening", error=self._database.said(error))
        self.close()
