"""How a doorbell is spelled, and that reading one quickly tells the same as reading it with care."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from celery.worker.request import Request
from hypothesis import example, given
from hypothesis import strategies as st
from kombu import Connection
from kombu.serialization import loads
from kombu.transport.virtual import Message

from tasks.doorbell import Doorbell, doorbell, read_doorbell
from tasks.identity import redemption_id, task_id
from tasks.messages.bad_message import BadMessage
from tasks.messages.envelope import read_with_care
from tests.tasks.garbage import garbage

KNOWN = {"orders.completed", "sovendus.redeem", "uniqodo.redeem"}
TAG = "1795353600123456-1"
ID = "sovendus:uk:TOVSGH-145789/2:AB12E3GH"

parts = st.text(min_size=1, max_size=12).map(str.strip).filter(len)
ids = st.builds(redemption_id, st.sampled_from(["sovendus", "uniqodo"]), parts, parts, parts, test=st.booleans())
plain = st.text("abcXYZ0189-_./#+'\" %:é", min_size=1, max_size=12).map(str.strip).filter(len)
likely = st.builds(redemption_id, st.sampled_from(["sovendus", "uniqodo"]), plain, plain, plain, test=st.booleans())


def partner_of(id_: str) -> str:
    return id_.removeprefix("test:").split(":")[0]


def same_with_care(raw: bytes) -> None:
    """What was read quickly is what `read_with_care` makes of it."""
    found = read_doorbell(raw)
    if found is None:
        return
    message = read_with_care(raw, queue=found.partner, known=KNOWN)
    assert message.args == [found.redemption_id]
    assert message.headers == {
        "task": f"{found.partner}.redeem",
        "id": found.task_id,
        "retries": found.retries,
        "argsrepr": f"('{found.redemption_id}',)",
        "kwargsrepr": "{}",
    }
    assert message.properties == {
        "delivery_tag": found.delivery_tag,
        "delivery_info": {"exchange": "", "routing_key": found.partner},
    }


def test_a_doorbell_is_read_as_it_was_spelled() -> None:
    raw = doorbell("sovendus", ID, retries=3, delivery_tag=TAG)
    assert read_doorbell(raw) == Doorbell("sovendus", ID, task_id(ID), 3, TAG)


@given(likely, st.integers(0, 10**9 - 1))
@example("test:" + ID, 0)
@example(f"sovendus:uk:{'9' * 2000}:A", 0)
def test_whatever_is_read_quickly_is_what_reading_with_care_finds(id_: str, retries: int) -> None:
    same_with_care(doorbell(partner_of(id_), id_, retries=retries, delivery_tag=TAG))


@given(ids)
def test_every_doorbell_can_be_read_with_care(id_: str) -> None:
    raw = doorbell(partner_of(id_), id_, delivery_tag=TAG)
    try:
        message = read_with_care(raw, queue=partner_of(id_), known=KNOWN)
    except BadMessage:  # control characters, which no id has: then it is not read quickly either
        assert read_doorbell(raw) is None
    else:
        assert message.args == [id_]
        assert message.headers["id"] == task_id(id_)


@given(st.binary(max_size=3), st.data())
def test_a_doorbell_with_a_few_bytes_changed_is_no_trap(patch: bytes, data: st.DataObject) -> None:
    raw = doorbell("sovendus", ID, delivery_tag=TAG)
    start = data.draw(st.integers(0, len(raw)))
    same_with_care(raw[:start] + patch + raw[data.draw(st.integers(start, min(len(raw), start + 3))) :])


@pytest.mark.parametrize("queue", ["orders", "sovendus", "uniqodo"])
def test_garbage_is_never_read_quickly(queue: str) -> None:
    assert {name for name, (raw, _) in garbage(queue).items() if read_doorbell(raw)} == set()


@pytest.mark.parametrize(
    "id_",
    [
        "sovendus:uk:145789:ab12",  # no id is spelled in lower case
        "sovendus:uk:145789: AB12",
        "sovendus:uk:145789:AB%3a",
        "sovendus:uk::AB12",
        "sovendus:uk:145789",
        "sovendus:uk:145789:AB:12",
        "uniqodo:uk:145789:AB12",  # another partner's
        'sovendus:uk:14"5:AB12',
    ],
)
def test_what_is_no_id_of_that_partner_is_left_to_care(id_: str) -> None:
    assert read_doorbell(doorbell("sovendus", id_, delivery_tag=TAG)) is None


@pytest.fixture
def app() -> Iterator[Celery]:
    made = Celery("worker", broker="memory://", set_as_current=False)
    made.finalize()
    yield made
    made.close()


def test_a_stock_celery_takes_it_as_a_task_of_its_own(app: Celery) -> None:
    heard: list[str] = []

    def redeem(id_: str) -> None:
        heard.append(id_)

    task: Any = app.task(name="sovendus.redeem", shared=False)(redeem)
    raw = json.loads(doorbell("sovendus", ID, retries=3, delivery_tag=TAG))
    message: Any = Message(raw, channel=Connection("memory://").channel())
    assert not message.errors
    request: Any = Request(message, app=app, task=task)
    assert (request.id, request.name, request.request_dict["retries"]) == (task_id(ID), "sovendus.redeem", 3)
    args, kwargs, _ = loads(message.body, message.content_type, message.content_encoding, accept={"application/json"})
    task(*args, **kwargs)
    assert heard == [ID]
