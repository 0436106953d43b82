"""The HTTP door while processes die: a 202 is settled once, and what got no answer is there whole or not at all."""

from __future__ import annotations

import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.campaigns.web import FAULTS, web
from tests.acceptance.kit import Shop, System, WebProcess, broker_faults, code, eventually, order
from tests.acceptance.kit.shop_client import ShopClient, bearer
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.kit.shop_client import Answer

SEED = int(os.environ.get("KILL_SEED", "7"))  # another one is another course of things
TOKEN = "token-of-the-shop-that-is-served"  # not a secret: the door it opens is this test's own
SHOP = Shop("served", number="6001", api_key="key-of-served", more={"TOKEN": TOKEN})
IN_HAND = 6


def test_door_and_broker_killed_stopped_and_starved_under_load(tmp_path: Path) -> None:
    require_clean(web(tmp_path, Sizes(orders=120, faults=len(FAULTS), seed=SEED)))


@pytest.mark.soak
@pytest.mark.timeout(1800)
def test_the_same_for_minutes(tmp_path: Path) -> None:
    require_clean(web(tmp_path, Sizes(orders=6000, faults=6 * len(FAULTS), seed=SEED)))


def require_clean(report: Report) -> None:
    assert report.findings == [], "\n".join(report.lines())
    assert set(report.faults) == set(FAULTS)
    assert report.exits == {}
    assert report.measured["doors that ended by themselves"] == {}
    assert report.measured["stops with a status other than 0"] == 0
    assert sum(report.acknowledged.values()) > 0
    assert sum(report.refused.values()) > 0, "no fault met a request"


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("broker"), fsync="always") as server:
        yield server


@pytest.fixture(scope="module")
def system(broker: EmbeddedValkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    with System(broker.url, "http://127.0.0.1:1", [SHOP], tmp_path_factory.mktemp("door"), {}) as made:
        yield made


@pytest.fixture(scope="module")
def module_door(system: System) -> Iterator[WebProcess]:
    with system.web() as running:
        yield running


@pytest.fixture
def door(module_door: WebProcess) -> WebProcess:
    return module_door if module_door.exit_code() is None else module_door.start()


def hand_in(door: WebProcess, number: str) -> Answer | None:
    with ShopClient() as client:
        body = json.dumps([order(SHOP, f"{number}-{place}", code("SERVED")) for place in range(3)])
        return client.post(door.port, "/orders", body.encode(), bearer(TOKEN))


def test_while_the_broker_is_full_a_shop_still_sees_what_became_of_its_orders(
    broker: EmbeddedValkey, door: WebProcess
) -> None:
    taken = hand_in(door, "BEFORE")
    assert taken is not None
    id_ = taken.json()["accepted"][0]["redemptions"][0]
    with broker_faults.memory_full(broker), ShopClient() as client:
        refused = hand_in(door, "FULL")
        seen = client.get(door.port, f"/redemptions/{id_}", bearer(TOKEN))
    assert refused is not None
    assert seen is not None
    assert (refused.status, refused.json()["detail"].partition(".")[0]) == (503, "Redis has no memory to spare")
    assert (seen.status, seen.json()["id"]) == (200, id_)
    again = hand_in(door, "FULL")
    assert again is not None
    assert again.status == 202


def test_a_stop_answers_what_is_in_hand_and_ends_with_0(
    broker: EmbeddedValkey, system: System, door: WebProcess
) -> None:
    assert hand_in(door, "FIRST") is not None
    idle = links(door, broker)  # one of the ledger's, and the doorbell's
    with ThreadPoolExecutor() as shops:
        with broker_faults.held_still(broker):
            waiting = [shops.submit(hand_in, door, f"STOP-{number}") for number in range(IN_HAND)]
            eventually(lambda: links(door, broker) == idle - 1 + IN_HAND, what="all in hand")
            door.signal(signal.SIGTERM)
            eventually(lambda: not door.is_ready(), what="no new connection is taken")
        answers = [one.result() for one in waiting]
    assert [answer and answer.status for answer in answers] == [202] * IN_HAND
    eventually(lambda: door.exit_code() is not None, what="the door's end")
    assert door.exit_code() == 0, door.said()
    ids = [id_ for answer in answers if answer for one in answer.json()["accepted"] for id_ in one["redemptions"]]
    assert len(system.records(ids)) == IN_HAND * 3
    assert "Traceback" not in door.said()


def links(door: WebProcess, broker: EmbeddedValkey) -> int:
    """How many connections the door has to its broker, of which each request in hand has one for itself."""
    found = psutil.Process(door.pid).net_connections("tcp")
    return sum(bool(link.raddr) and link.raddr.port == broker.port for link in found)
