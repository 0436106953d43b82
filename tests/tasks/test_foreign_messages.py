"""Whatever message a stock worker runs for other people's clients, ours reads as the same task with the same event."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from unittest.mock import MagicMock

import pytest
from celery import Celery
from celery.worker import strategy
from celery.worker.request import Request
from kombu import Connection
from kombu.transport.virtual import Message
from kombu.utils.json import loads

from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.body import body_bytes
from tasks.messages.envelope import read_with_care
from tasks.messages.mending import wanted
from tasks.order_task import NAME
from tests.tasks.examples import event
from tests.tasks.foreign_messages import foreign_messages

if TYPE_CHECKING:
    from collections.abc import Iterator

MESSAGES = foreign_messages(event(source="größer 🎁"))


@pytest.fixture(scope="module")
def stock() -> Iterator[Celery]:
    with Celery("stock", broker="memory://", set_as_current=False) as app:
        app.finalize()
        yield app


def as_stock_runs_it(app: Celery, raw: bytes) -> tuple[str, Any, Any]:
    """Task, args and kwargs as kombu's message, Celery's dispatch and Celery's request have them."""
    channel: Any = Connection("memory://").channel()
    message: Any = Message(loads(raw), channel=channel)
    message.accept = {"application/json"}
    assert not message.errors
    assert {"exchange", "routing_key"} <= message.delivery_info.keys()
    assert isinstance(message.delivery_tag, str | int | float), "Redis keeps nothing else"
    taken: list[Request] = []
    payload = None
    if "task" not in message.headers:
        payload = message.decode()
    consumer = MagicMock(event_dispatcher=None, on_task_request=taken.append, disable_rate_limits=True)
    consumer.controller.state.revoked = set()
    strategy.default(app.tasks["celery.chain"], app, consumer)(message, payload, None, None, [])
    (request,) = taken
    return request.name, request.args, request.kwargs


@pytest.mark.parametrize("producer", MESSAGES)
def test_what_a_stock_worker_runs_is_read_the_same(stock: Celery, producer: str) -> None:
    found = read_with_care(MESSAGES[producer], queue="orders", known={NAME})
    assert (found.headers["task"], found.args, found.kwargs) == as_stock_runs_it(stock, MESSAGES[producer])
    assert set(found.headers) == {"task", "id"}
    assert isinstance(found.headers["id"], str)
    assert isinstance(found.properties["delivery_tag"], str)
    assert wanted(MESSAGES[producer].decode()) == found.args[0], "a replay reads no less"


@pytest.mark.parametrize("padding", ["", "="])
def test_base64_for_urls_and_without_padding_is_read(padding: str) -> None:
    text = json.dumps([[event(source="?>?>ÿÿ~~")], {}, {}])
    packed = base64.urlsafe_b64encode(text.encode()).decode().rstrip("=") + padding
    assert body_bytes({"body": packed, "properties": {"body_encoding": "base64"}}).decode() == text


@pytest.mark.parametrize("body", ["W1tdLCB7f", "W1td\u00e4", "W1td*LCB7fSwge31d"])
def test_what_is_no_base64_of_any_make_is_refused(body: str) -> None:
    with pytest.raises(UnreadableMessage, match="base64"):
        body_bytes({"body": body, "properties": {"body_encoding": "base64"}})
