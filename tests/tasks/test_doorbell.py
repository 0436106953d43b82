from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tasks.doorbell import ring, ring_all
from tests.acceptance.kit import broker_faults
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.broker import EmbeddedValkey

BELLS = [("sovendus", f"sovendus:uk:{number}:SKD") for number in range(30)] + [("uniqodo", "uniqodo:uk:1:UQ")]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path) as server:
        yield server


@pytest.fixture
def app(broker: EmbeddedValkey) -> Iterator[RedeemApp]:
    with running(broker.url) as made:
        yield made


def rung(broker: EmbeddedValkey) -> dict[tuple[str, str], dict[str, Any]]:
    """The messages by partner and id, each of which stands once; without what is each message's own."""
    with Redis.from_url(broker.url) as redis:
        rows = [(queue, json.loads(row)) for queue in ("sovendus", "uniqodo") for row in redis.lrange(queue, 0, -1)]
    found = {}
    for queue, message in rows:
        for own in ("delivery_tag", "reply_to", "correlation_id"):
            message["properties"].pop(own, None)
        (id_,) = json.loads(message["headers"]["argsrepr"].replace("(", "[").replace(",)", "]").replace("'", '"'))
        assert (queue, id_) not in found
        found[queue, id_] = message
    return found


def test_many_are_rung_in_one_round_trip_with_the_same_messages(app: RedeemApp, broker: EmbeddedValkey) -> None:
    ring(app, "sovendus", "sovendus:uk:0:ALONE")
    with Redis.from_url(broker.url) as redis:
        before = redis.info("stats")["total_commands_processed"]
        assert ring_all(app, BELLS)
        assert redis.info("stats")["total_commands_processed"] - before < len(BELLS) + 10
    found = rung(broker)
    alone = found.pop(("sovendus", "sovendus:uk:0:ALONE"))
    assert list(found) == BELLS[:30][::-1] + BELLS[30:]  # in turn: a list is taken from its other end
    one = found[BELLS[0]]
    assert one["properties"] == alone["properties"]
    assert one["headers"].keys() == alone["headers"].keys()


def test_after_a_restart_of_the_broker_all_are_rung(app: RedeemApp, broker: EmbeddedValkey) -> None:
    assert ring_all(app, BELLS[:2])
    with broker_faults.killed(broker):
        pass
    assert ring_all(app, BELLS[2:])
    assert rung(broker).keys() == set(BELLS)


def test_a_broker_without_memory_to_spare_takes_them_too(app: RedeemApp, broker: EmbeddedValkey) -> None:
    assert ring_all(app, BELLS[:2])
    with broker_faults.memory_full(broker):
        assert ring_all(app, BELLS[2:])
    assert rung(broker).keys() == set(BELLS)


def test_a_broker_that_is_away_is_said_so(app: RedeemApp, broker: EmbeddedValkey) -> None:
    with broker_faults.killed(broker):
        assert not ring_all(app, BELLS)
    assert ring_all(app, [])
