"""The database's URL: which databases there are, and with which driver and options each is spoken to. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from worker.relay.errors import WrongDatabase

_DRIVERS: Final = {
    "postgresql": "postgresql+psycopg",
    "postgres": "postgresql+psycopg",
    "mysql": "mysql+pymysql",
    "mariadb": "mysql+pymysql",  # which asks the server what it is; the dialect "mariadb" refuses MySQL
    "sqlite": "sqlite+pysqlite",
}
_EXAMPLES: Final = "postgresql://user:password@host/database, mysql://…, mariadb://… or sqlite:///path/to/file"

_SILENCE: Final = 30
"""Seconds after which a database that says nothing counts as away."""

_OPTIONS: Final[dict[str, dict[str, Any]]] = {
    "postgresql": {
        "connect_timeout": 5,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": _SILENCE * 1000,
        "application_name": "redeem relay",
        "prepare_threshold": None,  # a pooler between us and the server may hand each transaction to another connection
    },
    "mysql": {
        "connect_timeout": 5,
        "read_timeout": _SILENCE,
        "write_timeout": _SILENCE,
        "charset": "utf8mb4",
        "program_name": "redeem relay",
        "init_command": "SET time_zone = '+00:00'",
    },
    "sqlite": {"timeout": 10},  # how long a statement waits for another writer
}


def database_url(dsn: str) -> URL:
    """SQLAlchemy's URL of a database that the relay can work with, with our driver.

    Raises WrongDatabase, whose text holds nothing of the URL but the database's kind.
    """
    try:
        url = make_url(dsn)
    except (ArgumentError, ValueError):
        raise WrongDatabase(
            f"that is no database's URL: it is {_EXAMPLES}"
        ) from None  # the cause may hold the password
    backend, _, driver = url.drivername.partition("+")
    ours = _DRIVERS.get(backend)
    if ours is None:
        raise WrongDatabase(f'there is no relay for "{backend}": the URL is {_EXAMPLES}')
    if driver and driver != ours.partition("+")[2]:
        raise WrongDatabase(f'the relay speaks to {backend} by its own driver: leave "+{driver}" out of the URL')
    if url.database in (None, "", ":memory:") and backend != "postgresql":
        raise WrongDatabase(f"the URL names no database: it is {_EXAMPLES}")
    return url.set(drivername=ours)


def connect_options(url: URL) -> Mapping[str, Any]:
    """What the driver is told beyond the URL; what the URL says itself stays so."""
    options = _OPTIONS[url.get_backend_name()]
    return {name: value for name, value in options.items() if name not in url.query}


def told(url: URL) -> str:
    """The URL as it can be shown: without its password, nor what stands behind a question mark."""
    return (
        url.set(query={})
        .render_as_string(hide_password=True)
        .replace(f"{url.drivername}:", f"{url.get_backend_name()}:", 1)
    )
