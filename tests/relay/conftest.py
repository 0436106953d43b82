"""The databases that an ERP may have: real servers, started by whichever test needs one first."""

from __future__ import annotations

from tests.cli.conftest import _process_as_before, configured, redeem, worker
from tests.database_fixtures import database, server
from tests.relay.erp import outbox, relay, relays

__all__ = [
    "_process_as_before",
    "configured",
    "database",
    "outbox",
    "redeem",
    "relay",
    "relays",
    "server",
    "worker",
]
