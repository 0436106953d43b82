"""The servers of a session, as fixtures, and `database` for a test on each of the three; tests/conftest.py has them.

Most tests need no database, so drivers and servers are imported by the first that does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.databases.database import Database
    from tests.databases.mariadb import MariaDB
    from tests.databases.postgresql import PostgreSQL
    from tests.databases.server import DatabaseServer
    from tests.databases.sqlite import SQLiteFolder

DIALECTS = ("sqlite", "postgresql", "mysql")
_FIXTURES = {"sqlite": "sqlite", "postgresql": "postgresql", "mysql": "mariadb"}


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A test that kills it revives it."""
    from tests.databases.postgresql import PostgreSQL  # noqa: PLC0415 - see above

    with PostgreSQL() as server:
        yield server


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """As `postgresql`."""
    from tests.databases.mariadb import MariaDB  # noqa: PLC0415 - see above

    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SQLiteFolder:
    """Where SQLite's files are."""
    from tests.databases.sqlite import SQLiteFolder  # noqa: PLC0415 - see above

    return SQLiteFolder(tmp_path_factory.mktemp("sqlite"))


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
