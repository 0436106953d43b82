"""What Flower and the logs show of an order's message."""

from __future__ import annotations

import json
from typing import Any

import pytest
from celery import Celery
from hypothesis import given
from hypothesis import strategies as st
from kombu import Message

from tasks.order_task import NAME
from tasks.readable_request import OrderRequest, describe_event
from tests.tasks.examples import ADDRESS, event


@pytest.mark.parametrize(
    ("arguments", "shown"),
    [
        ([event()], "(145789 @ uk)"),
        ((event(shop=...),), "(145789 @ default)"),
        ([event(order_id=7)], "(7 @ uk)"),
        ([event(order_id=ADDRESS)], "(? @ uk)"),
        ([event(order_id="jane doe", shop="x y")], "(? @ ?)"),
        ([event(order_id="jane%40example.com", shop="jane\uff20example.com")], "(? @ ?)"),
        ([event(order_id="a\nb")], "(? @ uk)"),
        ([event(order_id=...)], "(? @ uk)"),
        ([event(order_id={"a": 1}, shop=[ADDRESS])], "(? @ ?)"),
        ([event(order_id="9" * 99)], f"({'9' * 64} @ uk)"),
        ([ADDRESS], "(no event)"),
        (ADDRESS, "(no event)"),
        ([], "(no event)"),
        (None, "(no event)"),
        ({"event": event()}, "(no event)"),
    ],
)
def test_order_and_shop_and_nothing_else(arguments: object, shown: str) -> None:
    assert describe_event(arguments) == shown


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just(ADDRESS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["order_id", "shop", "x"]), inner),
    max_leaves=8,
)


@given(JSON)
def test_never_an_address(arguments: object) -> None:
    shown = describe_event(arguments)
    assert "jane" not in shown
    assert shown.isprintable()
    assert shown.count("@") <= 1


@pytest.fixture(scope="module")
def app() -> Celery:
    """Whose worker makes the requests; it never connects."""
    made = Celery("worker", broker="memory://", set_as_current=False)
    made.finalize()
    return made


def message(payload: object, **headers: Any) -> Message:  # noqa: ANN401 - any header
    return Message(
        body=json.dumps(payload),
        content_type="application/json",
        content_encoding="utf-8",
        headers={"lang": "py", "task": NAME, "id": "1", "root_id": "1", "parent_id": None} | headers,
        delivery_info={"exchange": "", "routing_key": "orders"},
        delivery_tag="1",
    )


def request(app: Celery, sent: Message, **how: object) -> OrderRequest:
    """As the worker makes it of a message."""
    how = {"headers": sent.headers, "decoded": False, "body": sent.body} | how
    return OrderRequest(sent, app=app, task=app.tasks[NAME], **how)


def test_a_strangers_own_picture_of_the_arguments_is_not_shown(app: Celery) -> None:
    payload = [[event(email=ADDRESS)], {"email": ADDRESS}, {}]
    got = request(app, message(payload, argsrepr=f"({ADDRESS},)", kwargsrepr=ADDRESS))
    shown = (got.info(), got.info(safe=True), got.argsrepr, got.kwargsrepr, got)
    assert "jane" not in repr(shown)
    assert (got.argsrepr, got.kwargsrepr) == ("(145789 @ uk)", "{}")
    assert (got.request_dict["argsrepr"], got.request_dict["kwargsrepr"]) == ("(145789 @ uk)", "{}")


def test_celerys_first_protocol_is_read_too(app: Celery) -> None:
    old = message({"task": NAME, "id": "1", "args": [event(email=ADDRESS)], "kwargs": {}})
    got = request(app, old, decoded=True, body=([event(email=ADDRESS)], {}, {}))
    assert got.argsrepr == "(145789 @ uk)"
    assert "jane" not in repr(got.info())


@pytest.mark.parametrize("arguments", [[], [7], [[]], [ADDRESS], ADDRESS, None])
def test_odd_arguments_are_no_event(app: Celery, arguments: object) -> None:
    assert request(app, message([arguments, {}, {}])).argsrepr == "(no event)"
