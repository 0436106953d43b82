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
        self._connection: Any = None  # psycopg's, where there is one
        self._not_before = 0.0 if database.url.get_backend_name() == "postgresql" else float("inf")

    def wait(self, seconds: float) -> None:
        """Return after so many seconds at the most, at once where a row has come since the last time."""
        self._listen()
        if self._connection is None:
            self._stop.wait(seconds)
        elif not self._rang():
            self._stop.wait(seconds, [self._connection])
            self._rang()

    def close(self) -> None:
        """Stop listening."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _listen(self) -> None:
        if self._connection is not None or time.monotonic() < self._not_before:
            return
        self._not_before = time.monotonic() + _AGAIN_AFTER
        import psycopg  # noqa: PLC0415 - other databases do without

        dialect = self._database.engine.dialect
        arguments, options = dialect.create_connect_args(self._database.url)
        try:
            self._connection = psycopg.connect(*arguments, **{**options, **self._database.options, "autocommit": True})
            self._connection.execute(f"LISTEN {NAME}")
        except psycopg.Error as error:
            log.info("relay.not_listening", error=self._database.said(error))
            self.close()

    def _rang(self) -> bool:
        """Whether it rang since it was last asked."""
        import psycopg  # noqa: PLC0415 - as above

        try:
            return [*self._connection.notifies(timeout=0)] != []
        except psycopg.Error as error:
            log.info("relay.not_listening", error=self._database.said(error))
            self.close()
            return False
