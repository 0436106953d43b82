"""One house for the whole folder; each test's order has a number of its own."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

import pytest

from tests.deploy.guarded_broker import GuardedBroker
from tests.producers.house import House
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

_numbers = itertools.count(145001)


@pytest.fixture(scope="session")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GuardedBroker]:
    """The house's broker, set up as deploy/redis does: a shop's Celery logs in as the user `shop`."""
    with GuardedBroker(tmp_path_factory.mktemp("guarded")) as server:
        yield server


@pytest.fixture(scope="session")
def house(guarded: GuardedBroker, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Door, worker and partners; it reaches its broker over a socket that no shop can reach."""
    with Sandbox(port=0) as partners, House(guarded.admin_url, partners, tmp_path_factory.mktemp("house")) as house:
        yield house


@pytest.fixture
def order_id() -> str:
    """A number that no other test's order has."""
    return str(next(_numbers))
