"""One empty database of a test's own, on whichever server: how it is reached, and by which client a DBA would."""

from __future__ import annotations

import contextlib
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_CLIENT_WITHIN: Final = 60.0


@dataclass(frozen=True)
class Database:
    """`dialect` is what `redeem relay --ddl` calls it; `url` is SQLAlchemy's, of the database's owner."""

    dialect: str
    url: str
    client: tuple[str, ...]
    """The command line of the server's own client, which reads SQL from its standard input."""

    def run(self, sql: str | Path) -> str:
        """What the server's own client says to a script; fails when any statement of it does."""
        script = sql if isinstance(sql, str) else sql.read_text("utf-8")
        done = subprocess.run(
            self.client, input=script, capture_output=True, text=True, check=False, timeout=_CLIENT_WITHIN
        )
        assert done.returncode == 0, (done.stdout, done.stderr)
        return done.stdout

    def url_of(self, user: str) -> str:
        """The same database, reached as another user, who has no password."""
        return sa.make_url(self.url).set(username=user).render_as_string(hide_password=False)


@contextlib.contextmanager
def connected(url: str, **options: Any) -> Iterator[sa.Connection]:  # noqa: ANN401 - SQLAlchemy's own
    """A connection and nothing left of it afterwards; `options` are those of `create_engine`."""
    engine = sa.create_engine(url, poolclass=sa.NullPool, **options)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()
