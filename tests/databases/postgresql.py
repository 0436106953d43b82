"""Debian's PostgreSQL, whose server programs are outside PATH."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import psycopg

from tests.databases.database import Database
from tests.databases.server import DatabaseServer
from tests.tools import tool
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWNER: Final = "erp_owner"
_PROGRAMS: Final = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
_SETTINGS: Final = {
    "listen_addresses": LOOPBACK,
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "max_connections": "60",
    "shared_buffers": "32MB",
    "lc_messages": "C",
}


class PostgreSQL(DatabaseServer):
    """A context manager; skips the test that asks for it where there is none."""

    dialect = "postgresql"

    def __init__(self) -> None:
        super().__init__()
        self._initdb = tool("initdb", package="postgresql", besides=_PROGRAMS)
        self._postgres = str(Path(self._initdb).resolve().with_name("postgres"))
        self._psql = tool("psql", package="postgresql")

    def _set_up(self) -> None:
        options = ("--auth=trust", "--no-locale", "--encoding=UTF8", "--no-sync", "--no-instructions")
        self._run((self._initdb, f"--username={_OWNER}", *options, f"--pgdata={self.data}"))

    def _serve(self) -> Sequence[str]:
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        return (self._postgres, "-D", str(self.data), "-p", str(self.port), *settings)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except psycopg.OperationalError:
            return False
        return True

    def _create(self, name: str) -> None:
        with self._connect() as connection:
            connection.execute(f"CREATE DATABASE {name}".encode())

    def _connect(self) -> psycopg.Connection:
        return psycopg.connect(host=LOOPBACK, port=self.port, user=_OWNER, dbname="postgres", autocommit=True)

    def _reach(self, name: str) -> Database:
        place = f"postgresql://{_OWNER}@{LOOPBACK}:{self.port}/{name}"
        client = (self._psql, "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", "--dbname", place)
        return Database(self.dialect, place.replace("://", "+psycopg://"), client)
