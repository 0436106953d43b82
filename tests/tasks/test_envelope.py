"""What Celery gets to see of a message, and what it never does."""

from __future__ import annotations

import base64
import copy
import json
import re
import zlib
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from celery import Celery
from celery.worker.request import Request
from hypothesis import example, given, settings
from hypothesis import strategies as st
from kombu import Connection
from kombu.serialization import loads
from redis import Redis

from tasks.messages.bad_message import BadMessage, UnknownTask, UnreadableMessage
from tasks.messages.envelope import Arrival, read_with_care
from tasks.order_task import NAME
from tests.tasks.examples import ADDRESS, event
from tests.tasks.garbage import envelope, garbage, good_with_tag
from worker.transport.delivered import Delivered

KNOWN = {NAME, "sovendus.redeem", "uniqodo.redeem"}
BELL = "sovendus:uk:145789:AB12E3GH"
SIGNATURE = {"task": "shop.next", "args": [], "kwargs": {}, "options": {"queue": "shop"}, "immutable": False}


_CHANNEL: Any = Connection("memory://").channel()


def read(message: object, queue: str = "orders") -> Arrival:
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    return read_with_care(raw, queue=queue, known=KNOWN)


@pytest.fixture(scope="module")
def app() -> Iterator[Celery]:
    made = Celery("worker", broker="memory://", set_as_current=False)
    made.finalize()
    yield made
    made.close()


def runs(app: Celery, arrival: Arrival) -> None:
    """As a worker takes it: kombu's message, Celery's request, and the body as the task's thread decodes it."""
    message: Any = Delivered((arrival, "tag", b""), _CHANNEL)
    request: Any = Request(message, app=app, task=app.tasks["celery.chain"])
    args, kwargs, embed = loads(message.body, "application/json", "utf-8", accept={"application/json"})
    assert (isinstance(args, list), isinstance(kwargs, dict), embed) == (True, True, {})
    for text in (request.id, request.name, request.argsrepr, repr(request.delivery_info)):
        assert text.isprintable()
    assert request.eta is request.expires is None
    assert request.time_limits == (None, None)


@pytest.mark.parametrize("queue", ["orders", "sovendus", "uniqodo"])
def test_garbage_is_told_by_what_is_wrong_with_it_and_no_value(queue: str) -> None:
    for name, (raw, reason) in garbage(queue).items():
        if reason == "invalid_event":
            read(raw, queue)
            continue
        with pytest.raises(BadMessage) as caught:
            read(raw, queue)
        assert caught.value.reason == reason, name
        assert re.fullmatch(r"[\w .,:;()'\[\]_/-]{5,120}", str(caught.value)), name
        assert "145789" not in str(caught.value), name
        assert "jane" not in str(caught.value), name


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("compression", [None, "gzip", "bzip2", "lzma"])
def test_what_a_shops_own_celery_sends_is_read(
    app: Celery, broker_url: str, protocol: int, compression: str | None
) -> None:
    options: dict[str, Any] = {"compression": compression} if compression else {}
    sent = event(order_value=Decimal("219.99"), email=ADDRESS)
    with Celery("shop", broker=broker_url, task_protocol=protocol, set_as_current=False) as shop:
        shop.send_task(
            NAME, [sent], queue="orders", countdown=9, expires=9, time_limit=9, link=shop.signature("a.b"), **options
        )
    with Redis.from_url(broker_url) as redis:
        [raw] = redis.lrange("orders", 0, -1)
    found = read(raw)
    runs(app, found)
    assert (found.args, found.kwargs) == ([sent | {"order_value": "219.99"}], {})
    assert found.headers == {"task": NAME, "id": json.loads(raw)["properties"]["correlation_id"]}
    assert "jane" not in json.dumps(found.properties)


def test_a_doorbell(app: Celery) -> None:
    found = read(envelope("sovendus"), "sovendus")
    runs(app, found)
    assert (found.args, found.kwargs) == ([BELL], {})
    assert (found.headers["argsrepr"], found.headers["kwargsrepr"]) == (f"('{BELL}',)", "{}")


@pytest.mark.parametrize("code", ["AB 12", "ÄÖ", "A%3AB", "A%25B", "É\N{NO-BREAK SPACE}B", "日本"])
@pytest.mark.parametrize("prefix", ["", "test:"])
def test_a_doorbell_of_any_code(code: str, prefix: str) -> None:
    bell = f"{prefix}uniqodo:uk:1%3A2:{code}"
    assert read(envelope("uniqodo", body=json.dumps([[bell], {}, {}])), "uniqodo").args == [bell]


def test_a_doorbell_on_another_queue_than_its_own_rings_all_the_same() -> None:
    assert read(envelope("sovendus"), "orders").args == [BELL]


def test_it_is_put_back_where_it_was_taken() -> None:
    stray = envelope("orders")
    stray["properties"]["delivery_info"] = {"exchange": "a.strangers", "routing_key": "elsewhere"}
    assert read(stray).properties["delivery_info"] == {"exchange": "", "routing_key": "orders"}


def test_only_what_is_known_to_be_safe_is_copied() -> None:
    odd = envelope("orders", body='[[], {}, {"id": "x", "delivery_info": {}, "callbacks": null}]')
    odd["surprise"] = ADDRESS
    odd["headers"] |= {
        "eta": "2030-01-01T00:00:00", "expires": "1970-01-01T00:00:00", "timelimit": [0.1, 0.1], "shadow": ADDRESS,
        "argsrepr": ADDRESS, "kwargsrepr": ADDRESS, "ignore_result": "x", "retries": -1, "lang": 7, "root_id": [],
        "parent_id": ADDRESS, "group": "g", "stamps": [], "stamped_headers": 7, "redelivered": "x",
    }  # fmt: skip
    odd["properties"] |= {"priority": "high", "reply_to": 7, "correlation_id": ADDRESS}
    found = read(odd)
    assert set(found.headers) == {"task", "id"}
    assert set(found.properties) == {"delivery_tag", "delivery_info"}


@pytest.mark.parametrize("protocol", [1, 2])
@pytest.mark.parametrize("queue", ["orders", "sovendus"])
def test_what_a_sender_lets_follow_or_says_of_its_own_tasks_is_dropped(app: Celery, queue: str, protocol: int) -> None:
    follows = {"callbacks": [SIGNATURE], "errbacks": [SIGNATURE], "chain": [SIGNATURE, SIGNATURE], "chord": SIGNATURE}
    more = {
        "root_id": "r", "parent_id": "p", "group": "g", "group_index": 0, "reply_to": "them", "meth": "m",
        "stamps": {"a": ["b"]}, "stamped_headers": ["a"], "ignore_result": False, "replaced_task_nesting": 3,
        "timelimit": [1, 1], "shadow": "x", "origin": "x", "link": [SIGNATURE], "taskset": "t",
    }  # fmt: skip
    whole = envelope(queue)
    args, kwargs, _ = json.loads(whole["body"])
    whole["headers"] |= more
    whole["properties"] |= {"reply_to": "them", "correlation_id": "c"}
    if protocol == 1:
        whole["body"] = json.dumps({**whole["headers"], "args": args, "kwargs": kwargs, **follows})
        whole["headers"] = {}
    else:
        whole["body"] = json.dumps([args, kwargs, follows])
    found = read(whole, queue)
    runs(app, found)
    mine = {"argsrepr", "kwargsrepr", "retries"} if queue == "sovendus" else set()
    assert set(found.headers) == {"task", "id"} | mine
    assert set(found.properties) == {"delivery_tag", "delivery_info"}


def test_sentrys_trace_stays() -> None:
    traced = envelope("orders")
    trace = {"sentry-trace": "771a43a4192642f0b136d5159a501700-1-1", "baggage": f"sentry-environment={'x' * 500}"}
    traced["headers"]["headers"] = trace | {"customer": ADDRESS}
    assert read(traced).headers["headers"] == trace


@pytest.mark.parametrize("given", [ADDRESS, "order 1", "müller", "\ud83d", "\x00", "x" * 300])
def test_an_id_that_cannot_be_shown_is_replaced_and_always_by_the_same(given: str) -> None:
    odd = json.dumps(envelope("orders") | {"headers": {"task": NAME, "id": given}}).encode()
    found = read(odd).headers["id"]
    assert re.fullmatch(r"[0-9a-f-]{36}", found)
    assert read(odd).headers["id"] == found


def test_a_tag_stays_as_it_came() -> None:
    assert read(good_with_tag(event(), "1")).properties["delivery_tag"] == "1"


def test_brackets_in_a_text_nest_nothing() -> None:
    whole = event(source="[{" * 100)
    assert read(good_with_tag(whole, "1")).args == [whole]


@pytest.mark.parametrize(
    "typed", [{"__type__": "money", "__value__": "1"}, {"__type__": "decimal", "__value__": "1,5"}]
)
def test_a_value_of_no_known_type_within_an_event_comes_to_whoever_validates_it(
    app: Celery, typed: dict[str, str]
) -> None:
    found = read(good_with_tag(event(order_value=typed), "1"))
    assert found.args == [event(order_value=typed)]
    runs(app, found)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from([NAME, BELL, "", "utf-8"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def paths(value: object, so_far: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [so_far, *(path for name, member in members for path in paths(member, (*so_far, name)))]


@st.composite
def mutated(draw: st.DrawFn) -> tuple[bytes, str]:
    """A good message with a few of its members, the body's among them, replaced or gone; perhaps packed."""
    queue = draw(st.sampled_from(["orders", "sovendus"]))
    whole = copy.deepcopy(envelope(queue, tag="1"))
    whole["body"] = json.loads(whole["body"])
    for _ in range(draw(st.integers(0, 3))):
        found = [path for path in paths(whole) if path]
        *outer, last = draw(st.sampled_from([path for path in found if len(path) < 3]) | st.sampled_from(found))
        inner: Any = whole
        for name in outer:
            inner = inner[name]
        if draw(st.booleans()):
            inner[last] = draw(st.sampled_from([[], {}, "", "x", 7, None, True]) | VALUES)
        else:
            del inner[last]
    if "body" in whole and draw(st.booleans()):
        whole["body"] = packed(whole, json.dumps(whole["body"]), draw(st.sampled_from(["text", "base64", "gzip"])))
    return json.dumps(whole).encode(), queue


def packed(whole: dict[str, Any], body: str, how: str) -> str:
    if how == "text" or not isinstance(whole.get("properties"), dict) or not isinstance(whole.get("headers"), dict):
        return body
    content = body.encode()
    whole["properties"]["body_encoding"] = "base64"
    if how == "gzip":
        whole["headers"]["compression"] = "application/x-gzip"
        content = zlib.compress(content)
    return base64.b64encode(content).decode()


@given(mutated())
@settings(max_examples=200)
@example((json.dumps(envelope("orders")).encode(), "orders"))
def test_whatever_changes_in_a_message_celery_can_run_it_or_never_sees_it(
    app: Celery, given: tuple[bytes, str]
) -> None:
    raw, queue = given
    try:
        found = read(raw, queue)
    except (UnreadableMessage, UnknownTask):
        return
    runs(app, found)


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_no_bytes_raise_anything_else(raw: bytes) -> None:
    with pytest.raises(UnreadableMessage):
        read(raw)


@given(VALUES)
def test_neither_does_any_json(value: object) -> None:
    with pytest.raises(UnreadableMessage):
        read(value)
