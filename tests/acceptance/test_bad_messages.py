"""Garbage on every queue: the worker goes on, the good messages around it are processed, and none of it is lost."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest
from redis import Redis

from tasks.ledger import State
from tests.acceptance.kit import Shop, code, eventually, order
from tests.acceptance.kit.events import ids_of
from tests.acceptance.kit.producer import BareProducer
from tests.tasks.examples import ADDRESS
from tests.tasks.garbage import garbage, good_with_tag

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import System

QUEUES = ("orders", "sovendus", "uniqodo")


def test_garbage_is_dead_letters_and_the_good_messages_around_it_are_processed(
    make_system: Callable[..., System],
) -> None:
    shop = Shop("swamp", number="6101", api_key="key-of-swamp")
    system = make_system(shop)
    good = [order(shop, f"{n}", code(f"SWAMP-{n}")) for n in range(60)]
    pushed: list[tuple[str, bytes, str]] = [
        (queue, raw, reason) for queue in QUEUES for raw, reason in garbage(queue).values()
    ]
    with Redis.from_url(system.broker_url) as broker:
        for number, (queue, raw, _) in enumerate(pushed):
            broker.lpush(queue, raw)
            if number < len(good):
                broker.lpush("orders", good_with_tag(good[number], tag="always the same", task_id=f"good-{number}"))
        with system.worker() as worker:
            ids = [id_ for event in good for id_ in ids_of(event)]
            assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
            letters = eventually(lambda: _all(system, len(pushed)), what="every bad message buried")
            assert worker.exit_code() is None
            assert worker.stop() == 0
        assert [broker.llen(queue) for queue in QUEUES] == [0, 0, 0]
        assert not list(broker.scan_iter("redeem:taken:*"))
    assert sorted(letter["reason"] for letter in letters) == sorted(reason for _, _, reason in pushed)
    assert ADDRESS not in worker.said()


def test_raw_bytes_are_kept_exactly_and_what_reads_after_all_can_be_replayed(
    make_system: Callable[..., System],
) -> None:
    shop = Shop("mended", number="6102", api_key="key-of-mended")
    system = make_system(shop)
    noise = b"\xff\x00 not even text \x1b[31m"
    event = order(shop, "1", code("MENDED-1"))
    with Redis.from_url(system.broker_url) as broker, system.worker():
        broker.lpush("orders", noise, json.dumps(event))
        letters = eventually(lambda: _all(system, 2))
        shown = [system.redeem_json("dead", "show", letter["id"])[0] for letter in letters]
        assert noise in [base64.b64decode(one["raw_base64"]) for one in shown if "raw_base64" in one]
        (bare,) = [one["id"] for one in shown if "raw_base64" not in one]
        system.redeem("dead", "replay", bare)
        (record,) = system.until_settled(ids_of(event))
        assert record.state is State.REDEEMED
        (left,) = system.redeem_json("dead", "list")
        assert "UTF-8" in left["error_message"]
        assert "still" in system.complaint("dead", "replay", left["id"])


@pytest.mark.usefixtures("worker")
@pytest.mark.parametrize(
    "options", [{"countdown": 3600}, {"expires": -1}, {"priority": 3}, {"priority": 6}, {"priority": 9}], ids=str
)
def test_what_a_sender_asks_of_celery_neither_delays_nor_drops_an_order(
    options: dict[str, Any], shop: Shop, system: System
) -> None:
    event = order(shop, "1", code("ASKED"))
    producer = BareProducer(system.broker_url)
    producer.send([event], **options)
    producer.close()
    assert {record.state for record in system.until_settled(ids_of(event))} == {State.REDEEMED}


def _all(system: System, count: int) -> list[dict[str, str]]:
    letters = system.redeem_json("dead", "list")
    return letters if len(letters) >= count else []
