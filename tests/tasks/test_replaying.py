"""Bad messages that are brought back: what an operator's replay forgives, and what it says of the rest."""

from __future__ import annotations

import json
import pickle
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.dead_letters.amendment_text import parse_amendment
from tasks.dead_letters.finding import Refused
from tasks.dead_letters.replaying import replay
from tasks.ledger import Record, State
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import bury_event, bury_message
from tasks.orders import hash_email
from tests.tasks.examples import ADDRESS, event, order, settings
from tests.tasks.garbage import envelope, good_with_tag
from worker.composition import RedeemApp, create_app

REDEMPTION = "sovendus:uk:145789:AB12E3GH"


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    made = create_app(settings(BROKER_URL=broker_url))
    yield made
    made.runtime.ledger.redis.close()
    made.close()


def letter(app: RedeemApp, raw: bytes) -> Record:
    found = app.runtime.ledger.find(bury_message(app.runtime, raw, "orders", UnreadableMessage("for a test")))
    assert found is not None
    return found


def altered(part: str | None = None, *, queue: str = "orders", body: object = None, **changes: object) -> bytes:
    """A good message with members of one part changed, or gone where the change is to ...; its event has an address."""
    message = envelope(queue, body=json.dumps([[event(email=ADDRESS)], {}, {}]) if body is None else body)
    inner: dict[str, Any] = message[part] if part else message
    for name, value in changes.items():
        inner[name.replace("content_", "content-")] = value
    for name in [name for name, value in inner.items() if value is ...]:
        del inner[name]
    return json.dumps(message).encode()


FORGIVEN = {
    "no properties": altered(properties=...),
    "no delivery_info": altered("properties", delivery_info=...),
    "no delivery_tag": altered("properties", delivery_tag=...),
    "no headers": altered(headers=...),
    "no id": altered("headers", id=...),
    "another content type": altered(content_type="application/x-yaml"),
    "another content encoding": altered(content_encoding="binary"),
    "a typing error in the task's name": altered("headers", task="order.completed"),
    "a partner's task": altered("headers", task="sovendus.redeem"),
    "protocol 1": altered(body=json.dumps({"task": "x", "args": [event(email=ADDRESS)], "kwargs": {}}), headers={}),
    "the event as body": altered(body=json.dumps(event(email=ADDRESS))),
    "base64": altered(
        body=b64encode(json.dumps([[event(email=ADDRESS)], {}, {}]).encode()).decode(),
        properties={"body_encoding": "base64"},
    ),
    "too large": altered("headers", note="x" * 2_000_000),
    "an event by itself": json.dumps(event(email=ADDRESS)).encode(),
    "a body by itself": json.dumps([[event(email=ADDRESS)], {}, {}]).encode(),
    "nothing wrong with it": good_with_tag(event(email=ADDRESS), "1"),
}


@pytest.mark.parametrize("raw", FORGIVEN.values(), ids=FORGIVEN)
def test_what_holds_one_whole_event_is_an_order_after_all(app: RedeemApp, redis: Redis, raw: bytes) -> None:
    one = letter(app, raw)
    assert replay(app, app.runtime, one) == [REDEMPTION]
    opened: Any = app.runtime.ledger.find(REDEMPTION)
    assert opened.redemption().email_hash == hash_email(ADDRESS)
    assert redis.llen("sovendus") == 1
    closed: Any = app.runtime.ledger.find(one.id)
    assert (closed.state, closed.history()[-1]["as"]) == (State.DISCARDED, [REDEMPTION])
    assert not redis.exists(f"redeem:raw:{one.id}")


REFUSED = {
    "noise": (b"\x00\x01", "still unreadable: not JSON"),
    "not UTF-8": (b"\xff", "still unreadable: not UTF-8"),
    "no event": (b"{}", r"still invalid: \$.order_id: required"),
    "a number": (b"7", "it has no arguments"),
    "two events": (altered(body=json.dumps([[event(), event()], {}, {}])), "exactly one argument"),
    "keyword arguments": (altered(body=json.dumps([[event()], {"a": 1}, {}])), "exactly one argument"),
    "a body that is no JSON": (altered(body="nope"), "the body cannot be read: not JSON"),
    "a pickle": (
        altered(body=b64encode(pickle.dumps(event())).decode(), properties={"body_encoding": "base64"}),
        "the body is not UTF-8",
    ),
    "a key twice": (b'{"order_id": "1", "order_id": "2"}', r"\$\['order_id \(2\)'\]: unknown field"),
    "an invalid event": (
        altered(body=json.dumps([[event(order_value=1.5)], {}, {}])),
        r"still invalid: \$.order_value",
    ),
    "masked": (altered(body=json.dumps([[event(customer_id="7")], {}, {}])), "were masked"),
    "text": (altered(body='[["hello"], {}, {}]'), "neither an event nor a redemption's id"),
    "an id for another task": (altered(body=json.dumps([[REDEMPTION], {}, {}])), "neither an event nor"),
    "an id nobody knows": (
        altered("properties", queue="sovendus", delivery_info=..., body=json.dumps([[REDEMPTION], {}, {}])),
        "no such redemption",
    ),
}


@pytest.mark.parametrize(("raw", "why"), REFUSED.values(), ids=REFUSED)
def test_the_rest_stays_with_what_stands_against_it(app: RedeemApp, raw: bytes, why: str) -> None:
    one = letter(app, raw)
    with pytest.raises(Refused, match=why):
        replay(app, app.runtime, one)
    assert app.runtime.ledger.find(one.id) == one


NO_NUMBERS = {
    "NaN": event(email=ADDRESS, order_value=float("nan")),
    "NaN in a text": event(coupons=[{"code": "AB12E3GH", "validation_key": float("nan")}]),
    "NaN with a type": event(order_value={"__type__": "decimal", "__value__": float("nan")}),
    "minus infinity": event(order_value=float("-inf")),
}


@pytest.mark.parametrize("came", NO_NUMBERS.values(), ids=NO_NUMBERS)
def test_what_is_no_number_is_named_and_can_be_set(app: RedeemApp, came: dict[str, Any]) -> None:
    one = letter(app, altered(body=json.dumps([[came], {}, {}])))
    assert one.fields["order_id"] == "145789"
    with pytest.raises(Refused, match=r"still invalid: \$\.(order_value|coupons\[0\]\.validation_key): must be a"):
        replay(app, app.runtime, one)
    mended = parse_amendment(["order_value=1.00", "validation_key="])
    assert replay(app, app.runtime, one, amendment=mended) == [REDEMPTION]


def test_a_number_beyond_all_floats_can_be_set(app: RedeemApp) -> None:
    id_ = bury_event(app.runtime, event(order_value=float("inf")), UnreadableMessage("for a test"))
    one: Any = app.runtime.ledger.find(id_)
    with pytest.raises(Refused, match=r"still invalid: \$\.order_value: must be a decimal"):
        replay(app, app.runtime, one)
    assert replay(app, app.runtime, one, amendment=parse_amendment(["order_value=1.00"])) == [REDEMPTION]


def test_a_doorbell_rings_again(app: RedeemApp, redis: Redis) -> None:
    accept(app, app.runtime, order())
    redis.delete("sovendus")
    one = letter(
        app, altered("properties", queue="sovendus", delivery_tag=..., body=json.dumps([[REDEMPTION], {}, {}]))
    )
    assert replay(app, app.runtime, one) == [REDEMPTION]
    assert redis.llen("sovendus") == 1
    closed: Any = app.runtime.ledger.find(one.id)
    assert closed.state is State.DISCARDED
