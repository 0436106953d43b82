"""Doorbells as the ledger's scripts ring them, on a real broker: spelled as `tasks/doorbell.py` says, and each once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import ConnectionError as BrokerAway

from tasks.acceptance import accept_all
from tasks.doorbell import Doorbell, doorbell, read_doorbell
from tasks.errors import Incomplete
from tasks.identity import task_id
from tasks.ledger import Planned
from tests.acceptance.kit import broker_faults
from tests.tasks import examples
from tests.tasks.ledger.kit import DE, UK, Book, redemption
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.broker import EmbeddedValkey

ODD = ("PLAIN", "A/B-1", "A B'C", 'Q"U\\O\\"TE', "ÉPÉE😀", "100%:OFF")


def waiting(redis: Redis, queue: str) -> list[bytes]:
    """What hangs in a partner's queue, the oldest first."""
    client: Any = redis  # answers in text, which its types do not follow
    return [message.encode() for message in reversed(client.lrange(queue, 0, -1))]


def heard(redis: Redis, queue: str) -> list[Doorbell]:
    found = [read_doorbell(raw) for raw in waiting(redis, queue)]
    assert None not in found
    return [bell for bell in found if bell]


@pytest.mark.parametrize("test", [False, True])
def test_the_ledger_spells_a_doorbell_as_it_says(book: Book, redis: Redis, *, test: bool) -> None:
    ids = [one.id for one in book.opened(*ODD, order_id='14"5/\\', test=test)]
    tags = set()
    for id_, raw in zip(ids, waiting(redis, "sovendus"), strict=True):
        tag = raw.rpartition(b'"delivery_tag":"')[2].removesuffix(b'"}}').decode()
        assert raw == doorbell("sovendus", id_, delivery_tag=tag)
        tags.add(tag)
    assert len(tags) == len(ODD)


def test_everyone_who_waits_is_rung_for_once_and_in_turn(book: Book, redis: Redis) -> None:
    plans = [Planned(redemption(f"S{number}"), UK) for number in range(1500)]  # more than are put there at once
    opened = book.ledger.open([*plans, Planned(redemption("U1", account=DE), DE), plans[0]])
    assert [one.result for one in opened[-2:]] == ["ring", "duplicate"]
    bells = heard(redis, "sovendus")
    assert [bell.redemption_id for bell in bells] == [plan.redemption.id for plan in plans]
    assert [bell.redemption_id for bell in heard(redis, "uniqodo")] == [opened[-2].id]
    assert len({bell.delivery_tag for bell in bells}) == len(plans)


def test_a_doorbell_says_how_many_attempts_were_made(book: Book, redis: Redis) -> None:
    one = book.open_one()
    for _ in range(2):
        book.later(book.claimed(one), delay=0)
    redis.delete("sovendus")
    assert book.look() == [one]
    (bell,) = heard(redis, "sovendus")
    assert (bell.task_id, bell.retries) == (task_id(one), 2)


def test_a_replay_rings_under_the_same_task_with_the_attempts_of_all_its_lives(book: Book, redis: Redis) -> None:
    one = book.open_one()
    book.no(book.claimed(one))
    assert book.ledger.replay(one, UK, {}, {"outcome": "replayed"}) == "ring"
    first, again = heard(redis, "sovendus")
    assert (first.task_id, first.retries) == (again.task_id, 0)
    assert again.retries == 1
    assert first.delivery_tag != again.delivery_tag


def test_nobody_rings_for_what_is_dead_rests_or_is_known(book: Book, redis: Redis) -> None:
    book.opened("DEAD", fate=Incomplete("currency is missing"))
    book.open_one("KNOWN")
    redis.delete("sovendus")
    book.open_one("KNOWN")
    book.ledger.pause(UK)
    assert [one.result for one in book.opened("REST")] == ["rest"]
    assert waiting(redis, "sovendus") == []


def test_one_is_rung_for_by_hand_whatever_its_state_and_its_wake_up_stays(book: Book, redis: Redis) -> None:
    one = book.open_one()
    book.yes(book.claimed(one))
    redis.delete("sovendus")
    assert book.ledger.ring(one)
    assert [bell.redemption_id for bell in heard(redis, "sovendus")] == [one]
    assert book.wakes() == {}
    assert not book.ledger.ring("sovendus:uk:1:NONE")


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path) as server:
        yield server


@pytest.fixture
def app(broker: EmbeddedValkey) -> Iterator[RedeemApp]:
    with running(broker.url) as made:
        yield made


def test_a_broker_that_is_away_takes_neither_order_nor_doorbell_and_both_once_it_is_back(
    app: RedeemApp, broker: EmbeddedValkey
) -> None:
    orders = [examples.order(order_id=str(number)) for number in range(3)]
    with broker_faults.killed(broker), pytest.raises(BrokerAway):
        accept_all(app, app.runtime, orders, patience=0.1)
    accepted = accept_all(app, app.runtime, orders)
    ids = [opened.id for one in accepted for opened in one.opened]
    with Redis.from_url(broker.url, decode_responses=True) as redis:
        assert [bell.redemption_id for bell in heard(redis, "sovendus")] == ids
