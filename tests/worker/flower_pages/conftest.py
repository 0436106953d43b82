"""Flower as our configuration ships it, with a login, on the session's broker; no worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance.kit import FlowerProcess, System
from tests.tasks.ledger.kit import Book
from tests.worker.flower_pages.browser import LOGIN
from tests.worker.flower_pages.stage import DE, FR, UK
from tests.worker.flower_pages.visitor import Visitor

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from redis import Redis

    from worker.dev.broker import EmbeddedValkey

NO_PARTNER = "http://127.0.0.1:9"
"""Nobody is called here."""


@pytest.fixture(scope="module")
def flower(valkey: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FlowerProcess]:
    """One for a module's tests, each of which finds the broker empty."""
    with running(valkey.url, tmp_path_factory.mktemp("flower"), FLOWER__BASIC_AUTH=":".join(LOGIN)) as process:
        yield process


def running(broker_url: str, directory: Path, **settings: str) -> FlowerProcess:
    """A Flower with these settings, to be entered."""
    with System(broker_url, NO_PARTNER, [UK, DE, FR], directory, settings) as system:
        return FlowerProcess(system.environment, directory / "flower.log")


@pytest.fixture
def book(redis: Redis) -> Book:
    """The ledger that Flower shows, empty."""
    return Book(redis)


@pytest.fixture
def ann(flower: FlowerProcess, book: Book) -> Visitor:
    """An operator with a login, who has just come in."""
    del book  # emptied
    return Visitor(flower.url, LOGIN)
