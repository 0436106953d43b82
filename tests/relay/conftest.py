"""The databases that an ERP may have: real servers, started by whichever test needs one first."""

from __future__ import annotations

from tests.databases.fixtures import database, mariadb, postgresql, server, sqlite

__all__ = ["database", "mariadb", "postgresql", "server", "sqlite"]
