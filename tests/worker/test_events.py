"""Events with a broker that is away: kept for the next connection, and nobody waits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.worker.apps import running
from worker.dev.broker import EmbeddedValkey


def test_a_heartbeat_without_a_broker_does_not_try_for_ever(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as broker, running(broker.url) as app, app.connection_for_write() as connection:
        told: Any = app.events.Dispatcher(connection)
        told.send("worker-online", retry=True)
        assert not told._outbound_buffer  # noqa: SLF001 - there is no other place to see it
        broker.stop()
        told.send("worker-heartbeat", retry=True)  # stock Celery never comes back from this


def test_after_a_failure_events_are_kept_untried_and_told_over_the_next_connection(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as broker, running(broker.url) as app:
        with app.connection_for_write() as connection:
            silent: Any = app.events.Dispatcher(connection)
            broker.stop()
            silent.send("worker-heartbeat")
        with EmbeddedValkey(tmp_path, broker.port), app.connection_for_write() as connection:
            silent.send("task-failed")
            silent.flush()
            assert [event["type"] for event, _ in silent._outbound_buffer] == ["worker-heartbeat", "task-failed"]  # noqa: SLF001 - as above

            told: Any = app.events.Dispatcher(connection)
            told.extend_buffer(silent)
            told.flush()
            assert not told._outbound_buffer  # noqa: SLF001 - as above
