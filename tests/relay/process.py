"""`redeem relay` as a process of its own."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.acceptance.kit.processes import REDEEM, Daemon


class RelayProcess(Daemon):
    """Its database by `REDEEM_RELAY__DSN`, its log as JSON lines; ready once the database has its table."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        super().__init__((*REDEEM, "relay", *options), {**environment, "REDEEM_LOG_FORMAT": "json"}, log)

    def is_ready(self) -> bool:
        return bool(self.entries("relay.started"))

    def entries(self, event: str) -> list[dict[str, Any]]:
        """The log's entries of that name, since the last start."""
        lines = (line for line in self.said().splitlines() if line.startswith("{"))
        return [entry for line in lines if (entry := json.loads(line))["event"] == event]
