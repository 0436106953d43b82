"""The door for everyone's Celery keeps every order, also where Redis or we ourselves are at fault."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from celery import states
from celery.app.trace import build_tracer
from celery.exceptions import Reject
from redis import Redis

from tasks.dead_letters.finding import Filters, find_dead
from tasks.dead_letters.replaying import replay
from tasks.ledger import Record
from tasks.messages.burying import what_came
from tasks.order_task import NAME
from tasks.orders import hash_email
from tests.tasks.examples import ADDRESS, event, settings
from worker.composition import RedeemApp, create_app

REDEMPTION = "sovendus:uk:145789:AB12E3GH"


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    made = create_app(settings(BROKER_URL=broker_url))
    made.loader.import_default_modules()
    yield made
    made.runtime.ledger.redis.close()
    made.close()


def delivered(app: RedeemApp, *args: object, tag: str = "1", **kwargs: object) -> tuple[str, Any]:
    """What Celery makes of a message with these arguments: the state, and what the task ended with."""
    task = app.tasks[NAME]
    request = {"id": "task-1", "properties": {"sender_tag": tag}, "delivery_info": {}, "hostname": "here"}
    ended: Any = build_tracer(NAME, task, app=app)("task-1", list(args), kwargs, request)
    return (ended.info.state, ended.info.retval) if ended.info else (states.SUCCESS, ended.retval)


def put_back(app: RedeemApp, *args: object) -> bool:
    state, ended = delivered(app, *args)
    return (state, type(ended)) == (states.REJECTED, Reject) and ended.requeue is True


def letters(app: RedeemApp) -> list[Record]:
    return list(find_dead(app.runtime.ledger, Filters()))


def test_an_order_is_journaled(app: RedeemApp) -> None:
    assert delivered(app, event()) == (states.SUCCESS, "1 new, 0 known, 0 dead")


def test_what_redis_refuses_is_put_back_and_is_no_dead_letter(app: RedeemApp, redis: Redis) -> None:
    redis.set("redeem:accounts", "of another type")
    assert put_back(app, event())
    redis.delete("redeem:accounts")
    assert letters(app) == []
    assert delivered(app, event())[0] == states.SUCCESS
    assert app.runtime.ledger.find(REDEMPTION) is not None


def test_a_mistake_of_ours_costs_no_order(app: RedeemApp, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(app.runtime, "settings", None)
        assert delivered(app, event(email=ADDRESS))[0] == states.IGNORED
    [letter] = letters(app)
    assert (letter.reason, letter.order_id, letter.shop) == ("crashed", "145789", "uk")
    assert letter.fields["error_message"] == "handling it failed with AttributeError: see the worker's log"
    assert json.loads(what_came(app.runtime.ledger, letter)) == event(email_hash=hash_email(ADDRESS))
    assert replay(app, app.runtime, letter) == [REDEMPTION]


def test_what_cannot_even_be_buried_is_put_back(app: RedeemApp, redis: Redis, monkeypatch: pytest.MonkeyPatch) -> None:
    redis.set("redeem:dead", "of another type")
    assert put_back(app, event(order_id=""))
    with monkeypatch.context() as broken:
        broken.setattr(app.runtime, "settings", None)
        assert put_back(app, event())
    redis.delete("redeem:dead")
    assert list(redis.scan_iter("redeem:r*")) == []
    assert delivered(app, event(order_id=""))[0] == states.IGNORED
    assert [one.reason for one in letters(app)] == ["invalid_event"]


def test_without_a_runtime_it_is_put_back(app: RedeemApp, monkeypatch: pytest.MonkeyPatch) -> None:
    before = app.runtime
    with monkeypatch.context() as broken:
        broken.setattr(app, "settings", None)
        del app.runtime
        assert put_back(app, event())
    before.ledger.redis.close()


def test_a_message_that_comes_again_makes_one_letter(app: RedeemApp) -> None:
    for tag in ("1", "1", "2"):
        delivered(app, event(order_id=""), tag=tag)
    delivered(app, event(order_id="", shop="de"), tag="1")
    assert len(letters(app)) == 3


@pytest.mark.parametrize(
    ("args", "kwargs"),
    [([], {}), ([event(email=ADDRESS)] * 2, {}), ([event(email=ADDRESS)], {"again": True}), ([], event(email=ADDRESS))],
)
def test_arguments_that_are_not_one_event_are_kept(app: RedeemApp, args: list[Any], kwargs: dict[str, Any]) -> None:
    assert delivered(app, *args, **kwargs)[0] == states.IGNORED
    [letter] = letters(app)
    assert (letter.reason, "one positional argument" in letter.fields["error_message"]) == ("invalid_event", True)
    kept = json.loads(what_came(app.runtime.ledger, letter))
    masked = event(email_hash=hash_email(ADDRESS))
    assert kept == [
        [masked] * len(args),
        masked if "email" in kwargs else kwargs,
        {},
    ]
