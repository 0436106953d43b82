"""A real broker for every test that needs one: started once, emptied before each test."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import hypothesis
import pytest
from redis import Redis

from tests.database_fixtures import mariadb, postgresql, sqlite
from tests.environment import isolate
from tests.plain_logs import plain_logs
from tests.short_paths import short_directory
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["mariadb", "postgresql", "sqlite"]

isolate()

# The same examples on every run, however slow the machine; `--hypothesis-profile=default` looks for new ones.
hypothesis.settings.register_profile("redeem", deadline=None, derandomize=True)
hypothesis.settings.load_profile("redeem")
plain_logs()


@pytest.fixture(scope="session")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    """The server itself. Most tests want `broker_url` or `redis`; one that stops a server starts its own."""
    with EmbeddedValkey(tmp_path_factory.mktemp("valkey")) as server:
        yield server


@pytest.fixture
def broker_url(valkey: EmbeddedValkey) -> str:
    """`redis://…` of an empty broker."""
    with Redis.from_url(valkey.url) as client:
        client.flushall()
    return valkey.url


@pytest.fixture
def redis(broker_url: str) -> Iterator[Redis]:
    """A client of the empty broker; answers are text, not bytes."""
    with Redis.from_url(broker_url, decode_responses=True) as client:
        yield client


@pytest.fixture
def short_path() -> Iterator[Path]:
    """A directory for what `tmp_path` may be too long for, or too odd."""
    with short_directory() as path:
        yield Path(path)


@pytest.fixture(scope="session")
def _sandbox() -> Iterator[Sandbox]:
    with Sandbox(port=0) as server:
        yield server


@pytest.fixture
def sandbox(_sandbox: Sandbox) -> Sandbox:
    """Both partners' APIs over real HTTP, their books empty and no fault set."""
    _sandbox.reset()
    return _sandbox
