"""One broker, one sandbox and one worker for all tests that do no harm to them; each test has shops of its own."""

from __future__ import annotations

import contextlib
import itertools
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from tests.acceptance.kit import Shop, System
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.acceptance.kit import WorkerProcess

_SHOPS = [Shop(f"shop{n}", number=f"{1000 + n}", api_key=f"key-of-shop{n}") for n in range(60)]
_DATABASES = itertools.cycle(range(1, 16))  # as many as a server has, and more than are in use at once
_OWNERS: dict[str, str] = {}
FAST = {
    "PARTNERS__SOVENDUS__READ_TIMEOUT": "2s",
    "PARTNERS__UNIQODO__READ_TIMEOUT": "2s",
    "RETRY__BASE": "0.2",
    "RETRY__CAP": "1s",
    "BREAKER__PROBE_AFTER": "0.3",
    "BREAKER__PROBE_CAP": "0.6",
}
"""Settings under which nothing has to be waited for."""


@pytest.fixture(scope="session")
def partners() -> Iterator[Sandbox]:
    """Both partners for the whole folder; its books and faults are told apart by the shops' accounts."""
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture(scope="session")
def system(valkey: EmbeddedValkey, partners: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    """The system that `worker` works for."""
    with System(_empty_database(valkey), partners.url, _SHOPS, tmp_path_factory.mktemp("system"), FAST) as made:
        yield made


@pytest.fixture(scope="session")
def worker(system: System) -> Iterator[WorkerProcess]:
    """A worker that no test may stop or upset."""
    with system.worker() as running:
        yield running


_unused = iter(_SHOPS)


@pytest.fixture
def shop() -> Shop:
    """A shop that no other test uses."""
    return next(_unused)


@pytest.fixture
def other_shop() -> Shop:
    """One more of them."""
    return next(_unused)


@pytest.fixture
def make_system(valkey: EmbeddedValkey, partners: Sandbox, tmp_path: Path) -> Iterator[Callable[..., System]]:
    """Makes systems with a broker database of their own and no worker yet; arguments are shops and settings.

    Shops no other test has, since all share the partners' books.
    """
    with contextlib.ExitStack() as made:

        def make(*shops: Shop, **settings: str) -> System:
            for shop in shops:
                assert _OWNERS.setdefault(shop.number, shop.name) == shop.name, f"{shop.number} is another shop's"
            system = System(_empty_database(valkey), partners.url, shops, tmp_path, FAST | settings)
            return made.enter_context(system)

        yield make


@pytest.fixture(scope="module")
def valkey_database(valkey: EmbeddedValkey) -> str:
    """The URL of an empty broker for a module that has a system of its own."""
    return _empty_database(valkey)


def _empty_database(valkey: EmbeddedValkey) -> str:
    """A broker's URL of its own: queues have no prefix, so systems share no database."""
    url = valkey.url.removesuffix("/0") + f"/{next(_DATABASES)}"
    with Redis.from_url(url) as client:
        client.flushdb()
    return url
