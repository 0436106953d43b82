"""Rows that wait are journaled, and only then marked as sent; on each of the databases."""

from __future__ import annotations

import traceback
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest
import sqlalchemy as sa
from redis import Redis
from redis.exceptions import RedisError

from tests.cli.conftest import Worker, event
from tests.moments import ago, iso
from tests.relay.erp import ON_SERVERS, ON_SQLITE
from tests.tasks.examples import ADDRESS
from worker.relay.errors import DatabaseError
from worker.relay.relay import Relay
from worker.relay.table import outbox as table

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.relay.erp import Outbox


def test_what_waits_is_in_the_ledger_and_marked_as_sent(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    outbox.add(event("1", "SKD1", "SKD2"))
    assert relay.once().relayed == 1
    row = outbox.row()
    assert row["state"] == "queued"
    assert row["redemptions"] == '["sovendus:uk:1:SKD1", "sovendus:uk:1:SKD2"]'
    assert (row["reported_at"], row["receipt"], row["error"]) == (None, None, None)
    assert before < row["created_at"] <= row["sent_at"] + timedelta(seconds=1)
    assert worker.record("sovendus:uk:1:SKD2").order_id == "1"
    assert worker.record("sovendus:uk:1:SKD2").redemption().completed_at == row["created_at"].replace(
        microsecond=row["created_at"].microsecond // 1000 * 1000
    )


@ON_SQLITE
def test_more_than_a_batch_goes_in_the_order_in_which_it_came(outbox: Outbox, relay: Relay, redis: Redis) -> None:
    outbox.add(*(event(str(number)) for number in range(1, 11)))
    assert relay.once().relayed == 10
    assert [row["state"] for row in outbox.rows()] == ["queued"] * 10
    assert redis.llen("sovendus") == 10
    assert relay.once().relayed == 0


@ON_SQLITE
def test_a_row_that_is_not_valid_says_why_and_holds_up_nobody(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    bad = ["nope", '{"order_id": "1", "order_id": "2"}', {"order_id": 7, "coupon": "A"}, "[]", None, ""]
    outbox.add(event("1"), *bad, event("2"))
    assert relay.once().refused == len(bad)
    first, *refused, last = outbox.rows()
    assert first["state"] == last["state"] == "queued"
    assert [row["error"] for row in refused] == [
        "$: not JSON (line 1, column 1)",
        "$: the same key stands twice in one object",
        "$.order_id: must be a string, in quotes; $.coupon: unknown field",
        "$: must be a JSON object, not an array",
        "$: the column event is NULL",
        "$: empty",
    ]
    assert {row["state"] for row in refused} == {"refused"}
    assert None not in [row["sent_at"] for row in refused]
    assert worker.record("sovendus:uk:2:SKD1").state == "queued"


def test_a_refused_row_that_is_mended_is_taken_again(outbox: Outbox, relay: Relay) -> None:
    (number,) = outbox.add("nope")
    relay.once()
    outbox.change(number, event='{"order_id": "1", "shop": "uk"}', sent_at=None, state=None)
    assert relay.once().relayed == 1
    row = outbox.row()
    assert (row["state"], row["error"], row["redemptions"]) == ("none", None, None)


@ON_SQLITE
def test_a_row_that_was_not_marked_is_a_duplicate_in_the_ledger(outbox: Outbox, relay: Relay, redis: Redis) -> None:
    (number,) = outbox.add(event("1"))
    relay.once()
    outbox.change(number, sent_at=None, state=None, redemptions=None)  # as if the relay had died before it said so
    relay.once()
    assert outbox.row()["redemptions"] == '["sovendus:uk:1:SKD1"]'
    assert redis.llen("sovendus") == 1


@ON_SQLITE
def test_what_cannot_be_sent_is_dead_at_once(outbox: Outbox, relay: Relay) -> None:
    outbox.add(event("1", shop="fr"), event("2", "SKD1", completed_at="2019-01-01T00:00:00Z"))
    relay.once()
    nowhere, old = outbox.rows()
    assert (nowhere["state"], nowhere["error"]) == (
        "dead",
        'unrouted:fr:1:SKD1: unroutable: no shop "fr" is configured',
    )
    assert old["error"].startswith("sovendus:uk:2:SKD1: too_old: completed longer ago than the ledger remembers")


def test_an_order_was_completed_when_its_row_was_written(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    written, completed = ago(days=51), ago(days=16)
    outbox.add(event("1"), event("2", completed_at=iso(completed)), created_at=written)
    relay.once()
    assert worker.record("sovendus:uk:1:SKD1").redemption().completed_at == written
    assert worker.record("sovendus:uk:2:SKD1").redemption().completed_at == completed


@ON_SQLITE
def test_a_row_without_its_time_or_ahead_of_it_is_an_order_of_now(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    outbox.add(event("1"), created_at=None)
    outbox.add(event("2"), created_at=datetime.now(UTC) + timedelta(days=3))
    now = datetime.now(UTC)
    relay.once()
    for order in ("1", "2"):
        completed = worker.record(f"sovendus:uk:{order}:SKD1").redemption().completed_at
        assert abs(completed - now) < timedelta(minutes=1)


@ON_SQLITE
def test_a_test_order_is_one_here_too(outbox: Outbox, relay: Relay) -> None:
    outbox.add(event("1", test=True))
    relay.once()
    assert outbox.row()["redemptions"] == '["test:sovendus:uk:1:SKD1"]'


@ON_SERVERS
def test_rows_that_another_relay_holds_are_passed_over(outbox: Outbox, relay: Relay) -> None:
    first, _ = outbox.add(event("1"), event("2"))
    with outbox.engine.begin() as other:
        other.execute(sa.select(table).where(table.c.id == first).with_for_update())
        assert relay.once().relayed == 1
    assert [row["state"] for row in outbox.rows()] == [None, "queued"]
    assert relay.once().relayed == 1


@ON_SERVERS
def test_an_order_that_was_rolled_back_is_never_seen(outbox: Outbox, relay: Relay, redis: Redis) -> None:
    with outbox.engine.connect() as erp:
        erp.execute(sa.insert(table).values(event='{"order_id": "1", "shop": "uk", "coupons": [{"code": "A"}]}'))
        assert relay.once().relayed == 0
        erp.rollback()
    assert relay.once().relayed == 0
    assert redis.keys("redeem:redemption:*") == []


@ON_SQLITE
def test_with_redis_away_nothing_is_marked(outbox: Outbox, relay: Relay, redis: Redis) -> None:
    outbox.add(event("1"))
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisError):
            relay.once()
    finally:
        redis.config_set("maxmemory", 0)
    row = outbox.row()
    assert (row["sent_at"], row["state"]) == (None, None)
    assert relay.once().relayed == 1


@ON_SQLITE
def test_two_relays_that_take_the_same_row_open_it_once(
    outbox: Outbox, relays: Callable[..., Relay], redis: Redis
) -> None:
    """SQLite cannot hold a row: the second takes it after the first has read it, and before the first marks it."""
    first, second = relays(), relays()
    first.once()
    outbox.add(event("1"))
    sa.event.listen(first.database.engine, "checkin", lambda *_: second.take(), once=True)
    first.take()
    assert redis.llen("sovendus") == 1
    assert outbox.row()["state"] == "queued"


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_what_a_server_says_is_told_without_what_stands_in_the_row(outbox: Outbox, relay: Relay) -> None:
    with outbox.engine.begin() as erp:
        erp.exec_driver_sql("""
            CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'no change of %%', NEW.event USING DETAIL = 'it is ' || NEW.event; END $$;
            CREATE TRIGGER refuse BEFORE UPDATE ON redemption_outbox FOR EACH ROW EXECUTE FUNCTION refuse();
        """)
    outbox.add({"order_id": "1", "shop": "uk", "email": ADDRESS})
    with pytest.raises(DatabaseError, match="no change of") as raised:
        relay.once()
    told = "".join(traceback.format_exception(raised.value))
    assert ADDRESS not in told
    assert "UPDATE" not in told
    assert "it is" not in told


@ON_SQLITE
def test_text_that_is_none_is_a_refused_row(outbox: Outbox, relay: Relay) -> None:
    latin = '{"order_id": "1", "shop": "uk", "coupons": [{"code": "Ä"}]}'.encode("latin-1")
    with outbox.engine.begin() as erp:
        erp.exec_driver_sql("INSERT INTO redemption_outbox (event) VALUES (CAST(? AS TEXT)), (?)", (latin, latin))
    outbox.add(event("2"))
    assert relay.once().refused == 2
    states = [(row["state"], row["error"]) for row in _raw(outbox)]
    assert states == [
        ("refused", "$.coupons[0].code: holds text that is no Unicode, or a field whose name is none"),
        ("refused", "$: not UTF-8 at byte 54"),
        ("queued", None),
    ]


def _raw(outbox: Outbox) -> list[dict[str, str | None]]:
    """Without the column whose text cannot be read."""
    with outbox.engine.connect() as erp:
        rows = erp.execute(sa.select(table.c.state, table.c.error).order_by(table.c.id)).mappings()
        return [dict(row) for row in rows]
