"""The waker with a Celery app on a real broker: what is due gets its doorbell rung, whatever else goes wrong."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as BrokerAway

from tasks.acceptance import accept
from tasks.identity import task_id
from tasks.intake import account_of
from tasks.ledger import Account, State
from tests.acceptance.kit.polling import eventually
from tests.tasks import examples
from tests.tasks.ledger.clock import let_pass
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.broker import EmbeddedValkey
from worker.waker import Rounds, Waker


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url) as made:
        yield made


def look(app: RedeemApp) -> float:
    return Rounds(app, app.runtime).look()


def order_with(app: RedeemApp, *codes: str, **changes: object) -> list[str]:
    """Accept an order with these Sovendus codes, and have the doorbells that it rang heard by nobody."""
    accepted = accept(app, app.runtime, examples.order(coupons=[{"code": code} for code in codes], **changes))
    app.runtime.ledger.redis.delete("sovendus")
    return [one.id for one in accepted.opened]


def doorbells(redis: Redis, queue: str = "sovendus") -> list[Any]:
    """What hangs in a partner's queue, the oldest first."""
    return [json.loads(message) for message in reversed(list(redis.lrange(queue, 0, -1)))]


def rung(redis: Redis) -> list[str]:
    return [message["headers"]["id"] for message in doorbells(redis)]


def test_what_is_due_is_rung_under_its_own_task_id_and_holds_nothing_but_the_id(app: RedeemApp, redis: Redis) -> None:
    (one,) = order_with(app, "AB12", email=examples.ADDRESS)
    look(app)
    assert doorbells(redis) == []

    let_pass(redis, 10)
    look(app)
    (message,) = doorbells(redis)
    assert message["headers"]["task"] == "sovendus.redeem"
    assert message["headers"]["id"] == task_id(one)
    assert json.loads(message["body"]) == [[one], {}, {}]
    assert examples.ADDRESS not in json.dumps(message)
    look(app)
    assert len(doorbells(redis)) == 1


def test_every_accounts_due_redemptions_are_rung(app: RedeemApp, redis: Redis) -> None:
    ids = order_with(app, "AB12", "CD34") + order_with(app, "EF56", shop="de")
    let_pass(redis, 10)
    look(app)
    assert sorted(rung(redis)) == sorted(map(task_id, ids))


def test_accounts_that_this_version_does_not_know_do_not_stop_the_others(app: RedeemApp, redis: Redis) -> None:
    (one,) = order_with(app, "AB12")
    ledger = app.runtime.ledger
    for stranger in ("awin:uk", "unrouted:nowhere", "nonsense", ""):
        redis.sadd(ledger.key("accounts"), stranger)
        redis.zadd(ledger.key("wake", stranger), {f"{stranger}:1:AB12": 0})
    let_pass(redis, 10)
    look(app)
    assert rung(redis) == [task_id(one)]


def test_a_shop_that_is_no_longer_in_the_settings_is_rung_once_no_worker_knows_it(
    app: RedeemApp, broker_url: str, redis: Redis
) -> None:
    with running(broker_url, SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713") as other:
        (one,) = order_with(other, "AB12", shop="fr")
        look(other)
    let_pass(redis, 10)
    look(app)
    assert rung(redis) == []
    let_pass(redis, 60, watched=False)
    look(app)
    assert rung(redis) == [], "after an outage those who know it come first"
    let_pass(redis, 60)
    look(app)
    assert rung(redis) == [task_id(one)]


def test_a_dead_worker_is_found_out(app: RedeemApp, redis: Redis) -> None:
    (one,) = order_with(app, "AB12")
    look(app)
    account = Account("sovendus", "uk", "fp")
    app.runtime.ledger.claim(one, account, owner="dies", lease=20)
    let_pass(redis, 60)
    look(app)
    assert rung(redis) == [task_id(one)]


def test_what_waited_too_long_for_an_ill_partner_is_told(
    app: RedeemApp, redis: Redis, capsys: pytest.CaptureFixture[str]
) -> None:
    (one,) = order_with(app, "AB12")
    ledger = app.runtime.ledger
    account = account_of(app.settings, "sovendus", "uk")[0]
    redis.hset(ledger.key("health", account.name, account.fingerprint), mapping={"state": "open"})
    let_pass(redis, 49 * 3600)
    look(app)

    found = ledger.find(one)
    assert found is not None
    assert (found.state, found.reason) == (State.DEAD, "gave_up")
    assert "redemption.gave_up" in capsys.readouterr().out


def test_what_was_given_up_is_a_dead_letter_in_flower(app: RedeemApp, redis: Redis) -> None:
    (one,) = order_with(app, "AB12")
    ledger = app.runtime.ledger
    account = account_of(app.settings, "sovendus", "uk")[0]
    redis.hset(ledger.key("health", account.name, account.fingerprint), mapping={"state": "open"})
    let_pass(redis, 49 * 3600)
    client: Any = redis  # its types know no subscriptions
    with client.pubsub(ignore_subscribe_messages=True) as events:
        events.psubscribe("*celeryev*")
        look(app)
        heard = eventually(lambda: events.get_message(timeout=1), what="an event")
    event = json.loads(base64.b64decode(json.loads(heard["data"])["body"]))
    assert (event["type"], event["uuid"], event["name"]) == ("task-dead_letter", task_id(one), "sovendus.redeem")
    assert event["args"] == f"('{one}',)"
    assert event["exception"].startswith("gave_up: gave up after 176")


def test_a_full_broker_takes_doorbells_all_the_same(app: RedeemApp, redis: Redis) -> None:
    ids = order_with(app, "AB12", "CD34")
    let_pass(redis, 10)
    redis.config_set("maxmemory", "1mb")
    try:
        look(app)
        assert sorted(rung(redis)) == sorted(map(task_id, ids))
    finally:
        redis.config_set("maxmemory", "0")


def test_a_look_without_a_broker_says_so(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as broker, running(broker.url) as app:
        order_with(app, "AB12")
        broker.stop()
        with pytest.raises(BrokerAway):
            look(app)


@contextmanager
def waking(app: RedeemApp) -> Iterator[Waker]:
    worker: Any = SimpleNamespace(app=app)
    waker = Waker(worker)
    waker.start(worker)
    try:
        yield waker
    finally:
        waker.stop(worker)


def test_the_waker_outlives_its_broker(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    broker = EmbeddedValkey(tmp_path)
    broker.start()
    with running(broker.url) as app, waking(app):
        (one,) = order_with(app, "AB12")
        broker.stop()
        eventually(lambda: "waker.broker_away" in capfd.readouterr().out, what="the waker notices")
        with EmbeddedValkey(tmp_path, broker.port) as again, Redis.from_url(again.url, decode_responses=True) as redis:
            let_pass(redis, 10)
            eventually(lambda: _rung_again(redis, one), what="the doorbell rings again")


def _rung_again(redis: Redis, redemption_id: str) -> bool:
    let_pass(redis, 10)  # a ring over a connection that broke is lost; the next one follows
    return task_id(redemption_id) in rung(redis)


def test_a_new_account_is_looked_at_though_the_others_were_known(app: RedeemApp, redis: Redis) -> None:
    rounds = Rounds(app, app.runtime)
    rounds.look()
    for shop in ("uk", "de"):
        (one,) = order_with(app, "AB12", shop=shop)
        let_pass(redis, 10)
        rounds.look()  # hears of it
        rounds.look()
        assert task_id(one) in rung(redis)


def test_wakers_that_look_together_each_look_less_often(app: RedeemApp) -> None:
    order_with(app, "AB12")
    with running(app.settings.broker_url.get_secret_value()) as other:
        rounds, others = Rounds(app, app.runtime), Rounds(other, other.runtime)
        assert rounds.look() == others.look() == 0.1  # neither knows of the other yet
        time.sleep(0.05)  # longer than two looks of one waker may seem to lie apart
        others.look()
        assert rounds.look() == 0.3
        time.sleep(0.05)
        assert rounds.look() == 0.1
