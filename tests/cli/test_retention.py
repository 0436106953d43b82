"""What is kept for how long: settings and states say so, and nothing of a customer outlives the need for it."""

from __future__ import annotations

import json

import pytest
from redis import Redis

from tasks import audit
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import bury_event, bury_message
from tasks.orders import hash_email
from tests.cli.conftest import Run, Worker, event, lines, uniqodo
from tests.tasks.garbage import envelope, garbage
from tests.tasks.ledger.clock import let_pass

DAY = 86400
ADDRESS = "jane.doe@example.com"
UNREADABLE = UnreadableMessage("not JSON")


def test_what_nobody_can_parse_goes_and_the_letter_stays(redeem: Run, worker: Worker, redis: Redis) -> None:
    letter = bury_message(worker.runtime, b"\x80pickle " + ADDRESS.encode(), "orders", UNREADABLE)
    let_pass(redis, 29 * DAY)
    assert "pickle" in redeem("dead", "show", letter).out
    let_pass(redis, 2 * DAY)
    shown = redeem("dead", "show", letter)
    assert shown.status == 0
    assert "gone: what nobody can parse" in shown.out
    assert "REDEEM_LEDGER__KEEP_UNREADABLE" in redeem("dead", "replay", letter).err
    assert redis.keys("redeem:raw:*") == []
    assert redeem("dead", "discard", letter).status == 0


@pytest.mark.parametrize("name", ["pickle", "nonsense", "body cut off"])
def test_whatever_could_not_be_looked_through_goes(worker: Worker, redis: Redis, name: str) -> None:
    raws = {
        "pickle": next(raw for one, (raw, _) in garbage("orders").items() if "pickle" in one),
        "nonsense": b"nonsense",
        "body cut off": json.dumps(envelope("orders", body='[[{"order_id": "1"')).encode(),
    }
    letter = bury_message(worker.runtime, raws[name], "orders", UNREADABLE)
    assert 0 < redis.ttl(f"redeem:raw:{letter}") <= 30 * DAY


def test_what_could_be_parsed_stays_as_long_as_the_letter(worker: Worker, redis: Redis) -> None:
    error = InvalidEvent((FieldError("$.note", "unknown field"),))
    letters = [
        bury_event(worker.runtime, event(note=1, email=ADDRESS), error),
        bury_message(worker.runtime, json.dumps(envelope("orders")).encode(), "orders", UNREADABLE),
    ]
    assert [redis.ttl(f"redeem:raw:{letter}") for letter in letters] == [-1, -1]
    assert [redis.ttl(f"redeem:redemption:{letter}") for letter in letters] == [-1, -1]


def test_settled_and_closed_redemptions_hold_nothing_of_the_customer(redeem: Run, worker: Worker, redis: Redis) -> None:
    emitted = [
        event("1", email=ADDRESS),
        event("2", coupons=uniqodo("EXPIRED-1"), email=ADDRESS, customer_id="number-4711"),
    ]
    assert redeem("emit", "-", stdin=lines(*emitted)).status == 0
    worker.work("sovendus:uk:1:SKD1")
    worker.work("uniqodo:uk:2:EXPIRED-1")
    assert redeem("dead", "discard", "uniqodo:uk:2:EXPIRED-1").status == 0
    records = [redis.hgetall(key) for key in redis.scan_iter("redeem:redemption:*")]
    kept = repr((records, redis.xrange("redeem:outcomes")))
    assert "EXPIRED-1" in kept
    for told in (hash_email(ADDRESS), "jane", "number-4711"):
        assert told not in kept
    assert all(0 < redis.ttl(key) <= 400 * DAY for key in redis.scan_iter("redeem:redemption:*"))


def test_outcomes_and_audit_are_kept_as_long_as_settled_redemptions(redeem: Run, worker: Worker, redis: Redis) -> None:
    old = int((worker.runtime.ledger.now().timestamp() - 401 * DAY) * 1000)
    for n in range(1000):  # Redis trims whole nodes, of a hundred entries
        for stream in ("outcomes", "audit"):
            redis.xadd(f"redeem:{stream}", {"who": "me", "count": "1"}, id=f"{old}-{n + 1}")
    audit.record(worker.runtime.ledger, "pause", count=1, what="sovendus:uk")
    assert redeem("emit", "-", stdin=lines(event("1"))).status == 0
    worker.work("sovendus:uk:1:SKD1")
    assert redis.xlen("redeem:outcomes") <= 101
    assert redis.xlen("redeem:audit") <= 101
