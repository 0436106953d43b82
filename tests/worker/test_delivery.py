"""Messages on the lean way to a thread are still Celery's to look at; nothing a stranger sends holds one back."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tasks.identity import task_id
from tasks.ledger import State
from tests.acceptance.kit import Shop, System, WorkerProcess
from tests.acceptance.kit.events import code, order
from tests.acceptance.kit.polling import eventually
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.sandbox import Sandbox
from worker.remote_control import REFUSED

SHOP = Shop("uk", number="4711", api_key="key-of-uk")


@pytest.fixture
def partners() -> Iterator[Sandbox]:
    with Sandbox(port=0) as sandbox:
        yield sandbox


@pytest.fixture
def system(broker_url: str, partners: Sandbox, tmp_path: Path) -> Iterator[System]:
    settings = {"PARTNERS__SOVENDUS__READ_TIMEOUT": "5s"}
    with System(broker_url, partners.url, [SHOP], tmp_path, settings) as made:
        yield made


@pytest.fixture
def worker(system: System) -> Iterator[WorkerProcess]:
    with system.worker() as running_worker:
        yield running_worker


@pytest.fixture
def app(system: System) -> Iterator[RedeemApp]:
    with running(system.broker_url) as made:
        yield made


def reply(app: RedeemApp, worker: WorkerProcess, command: str, **arguments: object) -> Mapping[str, Any]:
    """What the worker answers to a remote-control command."""
    control: Any = app.control
    (answers,) = control.broadcast(command, arguments=arguments, reply=True, timeout=20, limit=1)
    answer: Mapping[str, Any] = answers[worker.node]
    return answer


def test_an_operator_sees_what_is_in_hand(
    system: System, worker: WorkerProcess, partners: Sandbox, app: RedeemApp
) -> None:
    partners.fail("HANG", times=1, account=SHOP.number)
    (hanging,) = system.send(order(SHOP, "H", code("HANGS")))
    eventually(lambda: partners.calls(account=SHOP.number), what="a call under way")
    control: Any = app.control
    (active,) = control.inspect(timeout=5).active()[worker.node]
    assert (active["name"], active["id"], active["args"]) == ("sovendus.redeem", task_id(hanging), f"('{hanging}',)")


def test_a_revoked_task_runs_and_a_limit_slows_none(system: System, worker: WorkerProcess, app: RedeemApp) -> None:
    revoked = "sovendus:uk:R:REVOKED"
    harmful: dict[str, dict[str, object]] = {
        "revoke": {"task_id": [task_id(revoked), "an-order"], "terminate": True, "signal": "SIGKILL"},
        "terminate": {"task_id": task_id(revoked), "signal": "SIGKILL"},
        "revoke_by_stamped_headers": {"headers": {"shop": ["uk"]}, "terminate": True},
        "rate_limit": {"task_name": "sovendus.redeem", "rate_limit": "1/h"},
        "time_limit": {"task_name": "sovendus.redeem", "soft": 0.1, "hard": 0.1},
        "pool_grow": {"n": 1},
        "pool_shrink": {"n": 55},
        "autoscale": {"max": 1, "min": 1},
        "pool_restart": {"reload": True},
        "election": {"id": "x", "topic": "task", "action": {"task": "orders.completed"}},
    }
    assert harmful.keys() == REFUSED.keys()
    for command, arguments in harmful.items():
        answer = reply(app, worker, command, **arguments)
        assert f"{command} is refused: " in answer["error"], command
    # A neighbour of an earlier version brings what it was told to revoke, when it starts: Celery keeps that in mind.
    theirs = [task_id(revoked), "an-order"]
    assert sorted(reply(app, worker, "hello", from_node="old@test", revoked=theirs)["revoked"]) == sorted(theirs)
    ids = system.send(order(SHOP, "R", code("REVOKED")))
    assert ids == [revoked]
    system._producer.send([order(SHOP, "T", code("TASK"))], task_id="an-order")  # type: ignore[union-attr]  # noqa: SLF001
    for one in system.until_settled([revoked, "sovendus:uk:T:TASK"]):
        assert (one.state, one.attempts) == (State.REDEEMED, 1)
    assert "Traceback" not in worker.said()
    assert not {"mingle", "gossip"} & set(re.findall(r"mingle|gossip", worker.said())), "revokes would come that way"
    refusals = worker.entries("control.refused")
    assert {entry["command"] for entry in refusals} >= {"revoke", "rate_limit", "pool_shrink"}


def test_only_our_queues_can_be_added(system: System, worker: WorkerProcess, app: RedeemApp) -> None:
    answer = reply(app, worker, "add_consumer", queue="theirs")
    assert answer == {"error": "add_consumer is refused: the queues of Redeem's workers are orders, sovendus, uniqodo."}
    with Redis.from_url(system.broker_url) as redis:
        redis.lpush("theirs", b"no JSON")

        assert "ok" in reply(app, worker, "cancel_consumer", queue="orders")
        eventually(lambda: "orders" not in names(reply(app, worker, "active_queues")), what="cancelled")
        ids = system.send(order(SHOP, "A", code("ADDED")))
        assert "ok" in reply(app, worker, "add_consumer", queue="orders")
        assert [one.state for one in system.until_settled(ids)] == [State.REDEEMED]
        assert redis.llen("theirs") == 1
    assert worker.exit_code() is None


def names(queues: Any) -> list[str]:  # noqa: ANN401 - JSON
    return [queue["name"] for queue in queues]
