"""Sorts more rows than memory holds, in a temporary file that is gone with the process however that ends."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Final, TypeAlias

Cell: TypeAlias = str | int | bytes | None

_MEMORY_KIB: Final = 16384
_UNNAMED: Final = ""  # to SQLite: a file of its own, deleted as soon as it is open


def sorted_on_disk(rows: Iterable[tuple[Cell, ...]], *, width: int) -> Iterator[tuple[Cell, ...]]:
    """`rows`, all of `width` cells, as `sorted` would have them if None came before everything.

    Takes some 20 MB of memory, and disk space for twice the rows where TMPDIR points (else /var/tmp). Raises
    sqlite3.Error where that has no room.
    """
    columns = [f"c{number}" for number in range(width)]
    with closing(sqlite3.connect(_UNNAMED, isolation_level=None)) as database:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "temp_store=FILE", f"cache_size=-{_MEMORY_KIB}"):
            database.execute(f"PRAGMA {pragma}")
        database.execute(f"CREATE TABLE rows ({', '.join(columns)})")
        database.execute("BEGIN")
        places = ", ".join("?" * width)
        database.executemany(f"INSERT INTO rows VALUES ({places})", rows)  # noqa: S608 - nothing but question marks
        database.execute("COMMIT")
        yield from database.execute(f"SELECT * FROM rows ORDER BY {', '.join(columns)}")  # noqa: S608 - names of ours
