"""Events with a broker that is away: kept for the next connection, and nobody waits."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

from kombu.serialization import loads
from redis import Redis

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


def test_what_happens_to_tasks_within_a_while_is_one_message_as_celery_reads_it(broker_url: str) -> None:
    with running(broker_url) as app, app.connection_for_write() as connection, listening(broker_url) as heard:
        celerys: Any = app.events
        told = celerys.Dispatcher(connection, buffer_group=["task"])
        told.send("task-received", uuid="1", name="orders.completed", args="(145789 @ uk)")
        told.send("task-succeeded", uuid="1", result=Decimal("1.50"), runtime=0.1)
        told.flush()
        told.flush()
        (message,) = heard()
    received, succeeded = loads(
        b64decode(message["body"]), message["content-type"], message["content-encoding"], accept=["application/json"]
    )
    assert (received["type"], received["uuid"], received["args"]) == ("task-received", "1", "(145789 @ uk)")
    assert (succeeded["type"], succeeded["result"]) == ("task-succeeded", Decimal("1.50"))
    assert succeeded["clock"] == received["clock"] + 1
    assert message["properties"]["delivery_info"]["routing_key"] == "task.multi"


def test_what_was_not_sent_when_the_connection_broke_is_sent_over_the_next(broker_url: str) -> None:
    with running(broker_url) as app, app.connection_for_write() as connection, listening(broker_url) as heard:
        celerys: Any = app.events
        first, second = (celerys.Dispatcher(connection, buffer_group=["task"]) for _ in range(2))
        first.send("task-started", uuid="1")
        first.disable()
        second.extend_buffer(first)
        second.flush()
        assert len(heard()) == 1


@contextmanager
def listening(broker_url: str) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """Hears the messages that events are published in, up to a second after the last."""
    with Redis.from_url(broker_url) as client, client.pubsub() as channel:
        database = client.connection_pool.connection_kwargs["db"]  # channels have none; kombu names them by it
        channel.psubscribe(f"/{database}.celeryev*")
        assert channel.get_message(timeout=5)  # it is subscribed
        yield lambda: [json.loads(one["data"]) for one in iter(lambda: channel.get_message(timeout=1), None)]
