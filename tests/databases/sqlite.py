"""SQLite, which is always there: a file for each test, and Python as the client."""

from __future__ import annotations

import sys
from itertools import count
from typing import TYPE_CHECKING, Final

from tests.databases.database import Database

if TYPE_CHECKING:
    from pathlib import Path

_CLIENT: Final = """
import sqlite3, sys
db = sqlite3.connect(sys.argv[1], isolation_level=None)
statement = ""
for line in sys.stdin:
    statement += line
    if sqlite3.complete_statement(statement):
        for row in db.execute(statement):
            print(*row, sep="\\t")
        statement = ""
assert not statement.strip() or all(part.startswith("--") for part in statement.strip().splitlines()), statement
"""


class SQLiteFolder:
    """A folder of databases, one a file."""

    dialect: Final = "sqlite"

    def __init__(self, folder: Path) -> None:
        self._paths = (folder / f"t{number}.db" for number in count(1))

    def database(self) -> Database:
        """A new, empty database."""
        path = next(self._paths)
        return Database(self.dialect, f"sqlite:///{path}", (sys.executable, "-c", _CLIENT, str(path)))
