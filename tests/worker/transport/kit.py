"""A kombu connection with our transport, and messages for it."""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kombu import Connection, Consumer, Queue

from worker.transport import Lanes, install

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tasks.messages.burying import Reasoned

PREFIX = "redeem:"
ORDERS, SOVENDUS = "orders", "sovendus"


def message(order_id: str, **properties: Any) -> bytes:  # noqa: ANN401 - JSON
    """An `orders.completed` message as Celery writes it."""
    delivery = {"delivery_tag": uuid.uuid4().hex, "delivery_info": {"exchange": "", "routing_key": ORDERS}}
    envelope = {
        "body": json.dumps([[{"order_id": order_id}], {}, {}]),
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"task": "orders.completed", "id": order_id},
        "properties": delivery | properties,
    }
    return json.dumps(envelope).encode()


def order_of(raw: bytes) -> str:
    """Which order a message is about."""
    return str(json.loads(json.loads(raw)["body"])[0][0]["order_id"])


class Reader:
    """Consumes some queues, and keeps what it gets in hand until told otherwise."""

    def __init__(self, connection: Connection, queues: tuple[str, ...], prefetch: int) -> None:
        self.connection = connection
        self.got: list[Any] = []
        channel = connection.default_channel
        channel.basic_qos(0, prefetch, False)  # noqa: FBT003 - kombu's signature
        bound = [Queue(name, routing_key=name) for name in queues]
        self.consumer = Consumer(channel, bound, on_message=self.got.append, auto_declare=False)
        self.consumer.consume()

    @property
    def transport(self) -> Any:  # noqa: ANN401 - ours, behind kombu's types
        """The transport under it."""
        return self.connection.transport

    def read(self, count: int, *, rounds: int = 40) -> list[str]:
        """The orders it has in hand, once these are `count`; `rounds` of at most a quarter second are waited."""
        for _ in range(rounds):
            if len(self.got) >= count:
                break
            try:
                self.connection.drain_events(timeout=0.25)
            except TimeoutError:
                continue
        return self.orders()

    def orders(self) -> list[str]:
        """The orders that it was given, oldest first."""
        return [str(json.loads(one.body)[0][0]["order_id"]) for one in self.got]


@contextmanager
def reading(
    url: str, *queues: str, prefetch: int = 16, buried: list[tuple[bytes, str, Reasoned]] | None = None
) -> Iterator[Reader]:
    """A reader of those queues, with what it buried kept in a list."""
    install()
    grave = [] if buried is None else buried

    def bury(raw: bytes, queue: str, error: Reasoned, _token: str) -> None:
        grave.append((raw, queue, error))

    lanes = Lanes(ORDERS, frozenset({SOVENDUS}), ("orders.completed", "sovendus.redeem"), PREFIX, bury)
    options = {"lanes": lanes, "priority_steps": [0], "socket_timeout": 5, "max_connections": 256}
    with Connection(url, transport_options=options) as connection:
        yield Reader(connection, queues, prefetch)


def booked(redis: Any) -> list[bytes]:  # noqa: ANN401 - redis-py's types mix bytes and text
    """All messages that anybody has in hand."""
    return [raw for key in redis.scan_iter(f"{PREFIX}taken:*") for raw in redis.hvals(key)]
