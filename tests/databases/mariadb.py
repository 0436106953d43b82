"""Debian's MariaDB: for the relay and its triggers a MySQL, too, as far as both speak the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pymysql

from tests.databases.database import Database
from tests.databases.server import DatabaseServer
from tests.tools import tool
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

_OWNER: Final = "root"
_PACKAGE: Final = "mariadb-server"
_SMALL: Final = ("--innodb-log-file-size=8M", "--innodb-flush-log-at-trx-commit=2", "--skip-log-bin")


class MariaDB(DatabaseServer):
    """A context manager; skips the test that asks for it where there is none."""

    dialect = "mysql"

    def __init__(self) -> None:
        super().__init__()
        self._install = tool("mariadb-install-db", package=_PACKAGE)
        self._mariadbd = tool("mariadbd", package=_PACKAGE)
        self._client = tool("mariadb", package="mariadb-client")

    def _set_up(self) -> None:
        options = ("--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve", *_SMALL)
        self._run((self._install, "--no-defaults", f"--datadir={self.data}", *options))

    def _serve(self) -> Sequence[str]:
        where = (f"--bind-address={LOOPBACK}", f"--port={self.port}", f"--socket={self.data / 'socket'}")
        return (self._mariadbd, "--no-defaults", f"--datadir={self.data}", *where, "--skip-name-resolve", *_SMALL)

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except pymysql.OperationalError:
            return False
        return True

    def _create(self, name: str) -> None:
        with self._connect() as connection, connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")

    def _connect(self) -> Any:  # noqa: ANN401 - the stubs know several kinds of connection
        return pymysql.connect(host=LOOPBACK, port=self.port, user=_OWNER)

    def _reach(self, name: str) -> Database:
        where = ("--protocol=tcp", f"--host={LOOPBACK}", f"--port={self.port}", f"--user={_OWNER}")
        client = (self._client, "--no-defaults", *where, "--default-character-set=utf8mb4", "--batch", name)
        return Database(self.dialect, f"mysql+pymysql://{_OWNER}@{LOOPBACK}:{self.port}/{name}?charset=utf8mb4", client)
