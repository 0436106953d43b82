"""A message read for the threads is the one that Celery would have read, whichever way it was read."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from kombu.utils.json import loads as celery_loads

from tasks.doorbell import doorbell
from tasks.messages.arrival import read_arrival
from tasks.messages.bad_message import BadMessage
from tasks.messages.envelope import read_message
from tests.tasks.garbage import envelope, garbage, good_with_tag

KNOWN = {"orders.completed", "sovendus.redeem", "uniqodo.redeem"}
BELL = "sovendus:uk:145789:AB12E3GH"

values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def same_as_with_care(raw: bytes, queue: str) -> None:
    assert what(read_arrival, raw, queue) == what(_as_celery_reads, raw, queue)


def what(read: Callable[..., Any], raw: bytes, queue: str) -> str:
    """What comes of reading, as text, in which all that is different is told apart, or why it cannot be read."""
    try:
        return repr(tuple(read(raw, queue=queue, known=KNOWN)))
    except BadMessage as error:
        return repr(error)


def _as_celery_reads(raw: bytes, *, queue: str, known: Collection[str]) -> tuple[Any, ...]:
    message = read_message(raw, queue=queue, known=known)
    return message["headers"], message["properties"], *celery_loads(message["body"])


@pytest.mark.parametrize("queue", ["orders", "sovendus"])
def test_garbage_and_what_is_almost_right(queue: str) -> None:
    for raw, _reason in garbage(queue).values():
        same_as_with_care(raw, queue)


@given(values)
@example({"__type__": "decimal", "__value__": "1.50"})
@example({"__type__": "decimal", "__value__": "much"})
@example("Zoë \ud83d\ude00")
def test_any_event_is_what_celery_reads(value: object) -> None:
    same_as_with_care(good_with_tag(value, "tag"), "orders")


def test_a_type_that_is_spelled_with_escapes_is_one() -> None:
    body = '[[{"\\u005f_type__": "decimal", "__value__": "1.50"}], {}, {}]'
    same_as_with_care(json.dumps(envelope("orders", body=body)).encode(), "orders")


@pytest.mark.parametrize("queue", ["sovendus", "orders"])
def test_a_doorbell_on_whichever_queue(queue: str) -> None:
    same_as_with_care(doorbell("sovendus", BELL, retries=2, delivery_tag="1795353600123456-1"), queue)
    same_as_with_care(json.dumps(envelope("sovendus")).encode(), queue)


def test_a_doorbell_of_a_partner_that_is_none_of_ours_dies() -> None:
    raw = doorbell("nobody", BELL.replace("sovendus", "nobody"), delivery_tag="1795353600123456-1")
    same_as_with_care(raw, "sovendus")
