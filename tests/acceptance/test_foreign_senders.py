"""Messages of other people's clients through a real worker: each order is reported, and nothing follows it."""

from __future__ import annotations

import json
import re
import uuid
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest
import requests
from celery import Celery
from redis import Redis

from tasks.ledger import State
from tests.acceptance.kit import FlowerProcess, Shop, System, code, eventually, order
from tests.acceptance.kit.events import ids_of
from tests.acceptance.kit.producer import BareProducer
from tests.tasks.foreign_messages import foreign_messages
from tests.tasks.garbage import envelope

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ASLEEP = {
    "exchange": "orders", "routing_key": "deny", "retry": True,
    "retry_policy": {"interval_start": 3600, "interval_step": 3600, "interval_max": 3600, "max_retries": None},
}  # fmt: skip
ELSEWHERE = {"queue": "somebody.elses"}
FOLLOWERS: list[dict[str, Any]] = [
    {"task": "stranger.work", "args": [], "kwargs": {}, "options": options, "subtask_type": None, "immutable": True}
    for options in (ASLEEP, ELSEWHERE)
]


@pytest.mark.parametrize("protocol", [1, 2])
def test_what_a_sender_lets_follow_an_order_neither_runs_nor_holds_up_the_worker(
    make_system: Callable[..., System], protocol: int
) -> None:
    shop = Shop(f"hooked{protocol}", number=f"614{protocol}", api_key=f"key-of-hooked{protocol}")
    system = make_system(shop)
    hooked = [order(shop, str(number), code(f"HOOKED-{number}")) for number in range(11)]
    with Redis.from_url(system.broker_url) as broker, system.worker() as worker:
        for number, event in enumerate(hooked):
            broker.lpush("orders", _with_followers(event, protocol, number))
        broker.lpush("sovendus", _with_followers(ids_of(hooked[0])[0], protocol, 11))
        ids = [id_ for event in hooked for id_ in ids_of(event)]
        assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
        system.send(after := order(shop, "after", code("AFTER")))
        assert {record.state for record in system.until_settled(ids_of(after))} == {State.REDEEMED}
        assert not broker.exists(ELSEWHERE["queue"])
        assert worker.stop() == 0
        assert broker.llen("orders") == 0
        assert not list(broker.scan_iter("redeem:taken:*"))


def _with_followers(argument: object, protocol: int, number: int) -> bytes:
    follows = {"callbacks": FOLLOWERS, "errbacks": FOLLOWERS, "chain": FOLLOWERS, "chord": FOLLOWERS[0]}
    message = envelope("orders" if isinstance(argument, dict) else "sovendus", tag=f"{protocol}-{number}")
    if protocol == 1:
        called = {"task": message["headers"]["task"], "id": message["headers"]["id"], "args": [argument], "kwargs": {}}
        message |= {"headers": {}, "body": json.dumps(called | follows)}
    else:
        message["body"] = json.dumps([[argument], {}, follows])
    message["properties"]["reply_to"] = ELSEWHERE["queue"]
    return json.dumps(message).encode()


def test_an_order_at_the_head_of_a_chain_is_no_failure_in_flower(
    make_system: Callable[..., System], tmp_path: Path
) -> None:
    shop = Shop("chained", number="6143", api_key="key-of-chained")
    system = make_system(shop)
    event = order(shop, "1", code("CHAINED"))
    with system.worker(), FlowerProcess(system.environment, tmp_path / "flower.log") as flower:
        with Celery(broker=system.broker_url, set_as_current=False) as shops:
            first = shops.signature("orders.completed", [event], queue="orders")
            then = shops.signature("shop.thank", queue="shop")
            first.apply_async(link=then.clone(), link_error=then.clone(), chain=[then.clone()])
        system.until_settled(ids_of(event))
        tasks = eventually(lambda: _ended(flower, "orders.completed"), what="the order's task in Flower")
    assert [task["state"] for task in tasks] == ["SUCCESS"]
    with Redis.from_url(system.broker_url) as broker:
        assert not broker.exists("shop")


def _ended(flower: FlowerProcess, name: str) -> list[dict[str, Any]]:
    found = requests.get(f"{flower.url}/api/tasks", timeout=10).json().values()
    return [task for task in found if task["name"] == name and task["state"] not in ("PENDING", "RECEIVED", "STARTED")]


def test_the_messages_of_other_clients_are_orders(make_system: Callable[..., System]) -> None:
    shop = Shop("babel", number="6144", api_key="key-of-babel")
    system = make_system(shop)
    events: list[dict[str, Any]] = []
    with Redis.from_url(system.broker_url) as broker, system.worker():
        for number, producer in enumerate(foreign_messages({})):
            events.append(order(shop, str(number), code(f"BABEL-{number}")))
            broker.lpush("orders", foreign_messages(events[-1])[producer])
        ids = [id_ for event in events for id_ in ids_of(event)]
        assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
    assert system.redeem_json("dead", "list") == []


@pytest.mark.usefixtures("worker")
def test_a_value_that_is_not_of_its_type_is_an_error_that_names_the_field_and_keeps_the_value(
    system: System, shop: Shop
) -> None:
    event = order(shop, "1", code("MISTYPED")) | {"order_value": {"__type__": "decimal", "__value__": "219,99"}}
    with Redis.from_url(system.broker_url) as broker:
        broker.lpush("orders", foreign_messages(event)["gocelery"])
    (letter,) = eventually(lambda: system.redeem_json("dead", "list", "--shop", shop.name))
    assert letter["reason"] == "invalid_event"
    assert "$.order_value: " in letter["error_message"]
    assert "219,99" in system.redeem("dead", "show", letter["id"])
    system.redeem("dead", "replay", letter["id"], "--set", "order_value=219.99")
    (record,) = system.until_settled(ids_of(event))
    assert (record.state, record.fields["order_value"]) == (State.REDEEMED, "219.99")


@pytest.mark.usefixtures("worker")
def test_an_order_that_stands_where_the_arguments_should_can_be_replayed(system: System, shop: Shop) -> None:
    event = order(shop, "1", code("BARE"))
    with Redis.from_url(system.broker_url) as broker:
        broker.lpush("orders", json.dumps(envelope("orders", body=json.dumps(event))))
    (letter,) = eventually(lambda: system.redeem_json("dead", "list", "--shop", shop.name))
    assert (letter["reason"], letter["order_id"]) == ("unreadable_message", "1")
    system.redeem("dead", "replay", letter["id"])
    assert {record.state for record in system.until_settled(ids_of(event))} == {State.REDEEMED}


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("separator", ["\x06\x16", ":"])
def test_a_producer_with_ten_priorities_is_heard(system: System, shop: Shop, separator: str) -> None:
    events = [order(shop, str(priority), code(f"PRIORITY-{priority}")) for priority in range(10)]
    options = {"priority_steps": list(range(10)), "sep": separator, "queue_order_strategy": "priority"}
    with BareProducer(system.broker_url, {"broker_transport_options": options}) as producer:
        for priority, event in enumerate(events):
            producer.send([event], priority=priority)
    ids = [id_ for event in events for id_ in ids_of(event)]
    assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}


def test_a_producer_with_a_prefix_is_told_of_until_it_is_gone(make_system: Callable[..., System]) -> None:
    shop = Shop("prefixed", number="6145", api_key="key-of-prefixed")
    system = make_system(shop)
    event = order(shop, "1", code("PREFIXED"))
    options = {"global_keyprefix": "shop:"}
    with BareProducer(system.broker_url, {"broker_transport_options": options}) as producer:
        producer.send([event])
    checked, status = system.redeem("check"), system.redeem("status")
    told = 'the list "shop:orders" holds 1 message that no worker takes'
    assert f"warning  queue orders: {told}" in checked
    assert told in status
    with Redis.from_url(system.broker_url) as broker, system.worker():
        (move,) = re.findall(r'LMOVE "(\S+)" (\S+) (RIGHT) (LEFT)', status)
        broker.lmove(*move)
        assert {record.state for record in system.until_settled(ids_of(event))} == {State.REDEEMED}
    assert "shop:orders" not in system.redeem("check") + system.redeem("status")


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize("protocol", [1, 2])
def test_values_that_celery_sends_with_their_type_are_taken_by_their_text(
    system: System, shop: Shop, protocol: int
) -> None:
    order_id, at = uuid.uuid4(), datetime.now(UTC).replace(microsecond=0)
    typed = order(shop, "replaced", code("TYPED", discount=Decimal("50.95"))) | {  # type: ignore[arg-type]  # on purpose
        "order_id": order_id, "completed_at": at, "order_value": Decimal("219.99"), "email": b"jane@example.com",
    }  # fmt: skip
    with Celery(broker=system.broker_url, task_protocol=protocol, set_as_current=False) as shops:
        shops.send_task("orders.completed", [typed], queue="orders", task_id=str(order_id))
    (record,) = system.until_settled(shop.ids("sovendus", str(order_id), "TYPED"))
    assert record.state is State.REDEEMED
    assert record.fields["order_value"] == "219.99"
    assert datetime.fromisoformat(record.fields["completed_at"]) == at
