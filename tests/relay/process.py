"""`redeem relay` as a process of its own."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.acceptance.kit.processes import REDEEM, Daemon


class RelayProcess(Daemon):
    """Its database by `REDEEM_RELAY__DSN`, its log as JSON lines; ready once the database has its table."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        super().__init__((*REDEEM, "relay", *options), {**environment, "REDEEM_LOG_FORMAT": "json"}, log)

    def is_ready(self) -> bool:
        return bool(self.entries("relay.started"))
