"""The ledger under test, on the real server."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.tasks.ledger.kit import Book


@pytest.fixture
def book(redis: Redis) -> Book:
    """An empty ledger, whose wakers have been looking for a while."""
    return Book(redis)
