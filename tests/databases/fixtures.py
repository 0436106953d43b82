"""Fixtures for any conftest to import: the servers of a session, and `database` for a test on each of the three."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

from tests.databases.mariadb import MariaDB
from tests.databases.postgresql import PostgreSQL
from tests.databases.sqlite import SQLiteFolder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases.database import Database
    from tests.databases.server import DatabaseServer

DIALECTS = ("sqlite", "postgresql", "mysql")


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A test that kills it has it revived at the end."""
    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """As `postgresql`."""
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SQLiteFolder:
    """Where SQLite's files are."""
    return SQLiteFolder(tmp_path_factory.mktemp("sqlite"))


_FIXTURES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mariadb"}


def server_of(request: pytest.FixtureRequest) -> DatabaseServer | SQLiteFolder:
    """The server of the dialect that a fixture of any scope has for its parameter."""
    return cast("DatabaseServer | SQLiteFolder", request.getfixturevalue(_FIXTURES[request.param]))


@pytest.fixture(params=DIALECTS)
def database(request: pytest.FixtureRequest) -> Database:
    """An empty database, on one after the other; `parametrize(indirect=True)` picks some."""
    return server_of(request).database()


@pytest.fixture(params=["postgresql", "mysql"])
def server(request: pytest.FixtureRequest) -> DatabaseServer:
    """A server, one after the other."""
    return cast("DatabaseServer", server_of(request))
