"""The Celery app of a worker, without the worker."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from kombu import pools

from tests.tasks import examples
from worker.composition import RedeemApp


@contextmanager
def running(broker_url: str, **settings: str) -> Iterator[RedeemApp]:
    """The example's shops at this broker; everything that the app opened is closed in the end."""
    app = RedeemApp(examples.settings(BROKER_URL=broker_url, **settings))
    try:
        yield app
    finally:
        pools.reset()
        app.close()
        app.runtime.ledger.redis.close()
