"""`redeem relay` as a process that can be killed at any moment, started by the nursery."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import psutil
from typing_extensions import override

from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.processes import Daemon

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.acceptance.kit.nursery import Nursery


class RelayProcess(Daemon):
    """A relay over the database `dsn`; its log as JSON lines."""

    def __init__(
        self, nursery: Nursery, dsn: str, environment: Mapping[str, str], log: Path, options: tuple[str, ...] = ()
    ) -> None:
        ours = {"REDEEM_RELAY__DSN": dsn, "REDEEM_LOG_FORMAT": "json"}
        super().__init__(("relay", *options), {**environment, **ours}, log)
        self._nursery = nursery
        self._child: psutil.Process | None = None

    @override
    def launch(self) -> None:
        self.log.touch()  # it may be read before the child has opened it
        self._log_from = self.log.stat().st_size
        self._child = psutil.Process(self._nursery.start(self._command, self._environment, self.log))

    @override
    def is_ready(self) -> bool:
        return "relay.started" in self.said()

    @override
    def exit_code(self) -> int | None:
        """None while it runs, else 1: its parent does not tell with what it ended."""
        return None if self._runs() else 1

    @property
    @override
    def pid(self) -> int:
        assert self._child is not None, "never started"
        return self._child.pid

    @override
    def signal(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    @override
    def stop(self, grace: float = 30.0) -> int:
        self.signal(signal.SIGTERM)
        eventually(lambda: not self._runs(), within=grace, what=f"{self.name} stopped")
        return 0

    @override
    def kill(self) -> None:
        if self._child is not None and self._runs():
            self.signal(signal.SIGKILL)
            eventually(lambda: not self._runs(), what=f"{self.name} gone")

    def _runs(self) -> bool:
        assert self._child is not None, "never started"
        try:
            return self._child.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False
