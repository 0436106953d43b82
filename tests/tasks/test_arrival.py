"""A message read quickly is the one that reading it with care makes of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tasks.doorbell import doorbell
from tasks.messages.arrival import read_arrival
from tasks.messages.bad_message import BadMessage
from tasks.messages.envelope import read_with_care
from tests.tasks.garbage import envelope, garbage

KNOWN = {"orders.completed", "sovendus.redeem", "uniqodo.redeem"}
BELL = "sovendus:uk:145789:AB12E3GH"


def same_as_with_care(raw: bytes, queue: str) -> None:
    assert what(read_arrival, raw, queue) == what(read_with_care, raw, queue)


def what(read: Callable[..., Any], raw: bytes, queue: str) -> str:
    """What comes of reading, as text, in which all that is different is told apart, or why it cannot be read."""
    try:
        return repr(read(raw, queue=queue, known=KNOWN))
    except BadMessage as error:
        return repr(error)


@pytest.mark.parametrize("queue", ["orders", "sovendus"])
def test_garbage_and_what_is_almost_right(queue: str) -> None:
    for raw, _reason in garbage(queue).values():
        same_as_with_care(raw, queue)


@pytest.mark.parametrize("queue", ["sovendus", "orders"])
def test_a_doorbell_on_whichever_queue(queue: str) -> None:
    same_as_with_care(doorbell("sovendus", BELL, retries=2, delivery_tag="1795353600123456-1"), queue)
    same_as_with_care(json.dumps(envelope("sovendus")).encode(), queue)


def test_a_doorbell_of_a_partner_that_is_none_of_ours_dies() -> None:
    raw = doorbell("nobody", BELL.replace("sovendus", "nobody"), delivery_tag="1795353600123456-1")
    same_as_with_care(raw, "sovendus")
