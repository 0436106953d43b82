"""Erasing is done again until it is done, whatever interrupts it, and takes nothing with it that was not meant."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import ConnectionError as Unreachable
from redis.exceptions import ResponseError
from redis.retry import Retry

from tasks import audit, erasure
from tasks.acceptance import accept
from tasks.erasure import Erased, NotNow, Subject, carrying_out
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.ledger import Account, State
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import bury_event, bury_message
from tasks.orders import hash_email
from tests.tasks import examples
from tests.tasks.erasure.kit import Memory, unparseable
from tests.tasks.garbage import good_with_tag
from tests.tasks.ledger.kit import UK, Book
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.broker import EmbeddedValkey

NUMBER, OTHER = "145789", "145790"
ORDER = Subject(orders=frozenset({NUMBER}))
DE = Account("sovendus", "de", "fp1")
INVALID = InvalidEvent((FieldError("$.note", "unknown field"),))


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url) as made:
        yield made


@pytest.fixture
def book(redis: Redis) -> Book:
    return Book(redis)


def erase(app: RedeemApp, subject: Subject = ORDER, *, unreported: bool = False, patience: float = 5.0) -> Erased:
    return erasure.erase(app.runtime, subject, unreported=unreported, patience=patience, by="me@here")


def live(app: RedeemApp, book: Book) -> None:
    """Both orders have everything that can be erased, in turns."""
    for order in (OTHER, NUMBER) * 2:
        for code in ("A", "B"):
            one = book.open_one(f"{code}{len(book.outcomes())}", order_id=order)
            book.yes(book.claimed(one))
            book.no(book.claimed(book.open_one(f"DEAD-{len(book.outcomes())}", order_id=order)))
        bury_event(app.runtime, examples.event(order_id=order, note=1), INVALID)
        bury_message(app.runtime, dict(unparseable(order))["base64"], "orders", UnreadableMessage("not JSON"))
        audit.record(app.runtime.ledger, "replay", count=1, what=f"sovendus:uk:{order}:A1, order {order}", who="them")
        app.send_task("sovendus.redeem", (f"sovendus:uk:{order}:A1",), queue="sovendus")


def told(memory: Memory, number: str) -> list[str]:
    """All that is kept of an order, but for what stands in the same key as another's."""
    keys = [key for key in memory.values if number.encode() in key]
    streams = [repr(entry) for name in ("audit", "outcomes") for entry in memory.values[f"redeem:{name}".encode()]]
    letters = [repr(memory.values[key]) for key in memory.values if b"message:" in key or b"event:" in key]
    return [repr(memory.exact[key]) for key in keys] + [one for one in (*streams, *letters) if number in one]


class Killed(BaseException):
    """Nobody catches it."""


def dies_after(app: RedeemApp, steps: int, monkeypatch: pytest.MonkeyPatch, *, before: bool) -> None:
    """Let the next erasure end within its n-th step, just before or just after the server has done it."""
    ledger, left = app.runtime.ledger, [steps]
    script = type(ledger).script

    def counted(name: str, *arguments: Any) -> Any:  # noqa: ANN401 - as the ledger's own
        if before and not left[0]:
            die()
        answer = script(ledger, name, *arguments)
        if not before and not left[0]:
            die()
        left[0] -= name not in ("sift", "sift_stream")
        return answer

    def die() -> None:
        monkeypatch.setattr(ledger, "redis", Redis(port=1, retry=Retry(NoBackoff(), 0)))  # who is dead reaches nobody
        raise Killed

    monkeypatch.setattr(ledger, "script", counted)


def test_killed_at_any_step_and_run_again_it_completes(
    app: RedeemApp, book: Book, valkey: EmbeddedValkey, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying_out, "_ENTRIES_A_STEP", 5)
    for steps in range(100):
        redis.flushall()
        live(app, book)
        theirs = told(Memory(valkey), OTHER)
        with monkeypatch.context() as patched:
            dies_after(app, steps, patched, before=steps % 2 == 0)
            try:
                erase(app)
            except (Killed, Unreachable):
                finished = False
            else:
                finished = True
        redis.delete("redeem:erasing")  # as it expires by itself
        if not finished:
            again = erase(app)
            assert again.interrupted
            assert not again.left
            assert not again.refused
        memory = Memory(valkey)
        assert memory.holds(NUMBER) == []
        assert erasure.search(app.runtime.ledger, ORDER) == erasure.Found()
        assert told(memory, OTHER) == theirs
        entries = [one for one in audit.entries(app.runtime.ledger) if one["action"] == "erase"]
        assert {one["who"] for one in entries} == {"me@here"}
        assert 0 < sum(one["count"] for one in entries) <= 36
        assert redis.exists("redeem:erasing", "redeem:erasure", "redeem:rebuilt:outcomes") == 0
        if finished:
            assert steps > 8
            return
    pytest.fail("it never finished")


def test_what_comes_in_while_a_stream_is_rebuilt_is_there_afterwards(
    app: RedeemApp, book: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(carrying_out, "_ENTRIES_A_STEP", 20)
    ledger = app.runtime.ledger
    live(app, book)
    for n in range(2000):
        ledger.redis.xadd(ledger.key("outcomes"), {"id": f"sovendus:uk:{n}:A", "order_id": str(n), "shop": "uk"})
    before = ledger.redis.xrange(ledger.key("outcomes"))
    written: list[str] = []
    done = threading.Event()

    def write() -> None:
        while not done.is_set():
            entry = {"id": "sovendus:uk:9:A", "order_id": "9", "shop": "uk"}
            written.append(ledger.redis.xadd(ledger.key("outcomes"), entry, minid="1", approximate=True))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        assert erase(app).counts["outcomes"] == 8
    finally:
        done.set()
        writer.join()
    after = ledger.redis.xrange(ledger.key("outcomes"))
    assert len(written) > 100
    kept = [entry for entry in before if entry[1]["order_id"] != NUMBER]
    assert after[: len(kept)] == kept
    assert [entry_id for entry_id, _ in after[len(kept) :]] == written


def test_a_stream_of_which_nothing_is_left_goes_on_counting(app: RedeemApp, redis: Redis) -> None:
    ahead = redis.xadd("redeem:outcomes", {"id": "sovendus:uk:145789:A", "order_id": NUMBER}, id="9999999999999-7")
    erase(app)
    assert redis.xlen("redeem:outcomes") == 0
    info = redis.xinfo_stream("redeem:outcomes")
    assert (info["last-generated-id"], info["entries-added"]) == (ahead, 1)
    assert redis.xadd("redeem:outcomes", {"id": "b"}) == "9999999999999-8"


def test_a_stream_that_somebody_reads_as_a_group_is_left_alone(app: RedeemApp, redis: Redis) -> None:
    redis.xadd("redeem:outcomes", {"id": "sovendus:uk:145789:A", "order_id": NUMBER})
    redis.xgroup_create("redeem:outcomes", "readers", "0")
    with pytest.raises(ResponseError, match="consumer groups"):
        erase(app)
    assert redis.xinfo_groups("redeem:outcomes")


def test_two_erasures_do_not_get_into_each_others_way(app: RedeemApp, book: Book, redis: Redis) -> None:
    live(app, book)
    redis.set("redeem:erasing", "another", px=60_000)
    with pytest.raises(NotNow, match="another erasure"):
        erase(app, patience=0.1)
    assert redis.get("redeem:erasing") == "another"
    redis.delete("redeem:erasing")
    assert erase(app).counts["redemptions"] == 8


def test_one_that_was_overtaken_stops(
    app: RedeemApp, book: Book, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    live(app, book)
    script = type(app.runtime.ledger).script

    def overtaken(name: str, *arguments: Any) -> Any:  # noqa: ANN401 - as the ledger's own
        if name == "rebuild":
            redis.set("redeem:erasing", "another")
        return script(app.runtime.ledger, name, *arguments)

    monkeypatch.setattr(app.runtime.ledger, "script", overtaken)
    with pytest.raises(NotNow, match="run it again"):
        erase(app)
    assert redis.get("redeem:erasing") == "another"
    assert redis.xlen("redeem:outcomes") == 16


# --- what is refused


def test_what_waits_to_be_sent_is_refused_by_name_and_nothing_of_its_order_goes(
    app: RedeemApp, book: Book, valkey: EmbeddedValkey
) -> None:
    live(app, book)
    waiting = book.open_one("WAITS", order_id=NUMBER)
    before = Memory(valkey)
    erased = erase(app)
    assert [(one.order_id, one.ids) for one in erased.refused] == [(NUMBER, (waiting,))]
    assert not erased.counts
    after = Memory(valkey)
    assert {key: after.exact[key] for key in before.exact} == before.exact
    assert erase(app, unreported=True).counts["redemptions"] == 9
    assert Memory(valkey).holds(NUMBER) == []
    assert book.look() == []


def test_other_orders_go_although_one_is_refused(app: RedeemApp, book: Book) -> None:
    waiting = book.open_one("WAITS", order_id=NUMBER)
    done = book.open_one("DONE", order_id=OTHER)
    book.yes(book.claimed(done))
    erased = erase(app, Subject(orders=frozenset({NUMBER, OTHER})))
    assert [one.ids for one in erased.refused] == [(waiting,)]
    assert book.ledger.find(waiting) is not None
    assert book.ledger.find(done) is None


def test_a_claim_in_flight_is_waited_for(app: RedeemApp, book: Book) -> None:
    one = book.open_one(order_id=NUMBER)
    claim = book.claimed(one)
    for unreported in (True, False):
        erased = erase(app, unreported=unreported, patience=0.1)
        assert [(refused.ids, refused.why) for refused in erased.refused] == [((one,), "being worked on this moment")]
        assert not erased.counts
    settling = threading.Timer(0.5, lambda: book.yes(claim))
    settling.start()
    assert erase(app).counts["redemptions"] == 1
    settling.join()
    assert book.ledger.find(one) is None


def test_a_claim_whose_worker_died_can_be_given_up(app: RedeemApp, book: Book) -> None:
    one = book.open_one(order_id=NUMBER)
    claim = book.claimed(one)
    book.passes(61)
    assert erase(app, unreported=True, patience=0.1).counts["redemptions"] == 1
    assert book.yes(claim).result == "late"
    assert book.later(claim).result == "late"
    assert book.no(claim).result == "late"
    assert book.claim(one).status == "unknown"
    assert not book.ledger.release(one, claim)
    assert book.ledger.find(one) is None


def test_a_message_in_a_workers_hands_is_waited_for(app: RedeemApp, redis: Redis) -> None:
    raw = good_with_tag(examples.event(order_id=NUMBER, email=examples.ADDRESS), "1")
    redis.hset("redeem:taken:host:1:a", "orders:1", raw)
    by_email = Subject(email_hashes=frozenset({hash_email(examples.ADDRESS)}))
    assert [one.ids for one in erase(app, patience=0.1).refused] == [("a message in a worker's hands",)]
    assert erase(app, by_email, patience=0.1).left == ["a message in a worker's hands"]
    redis.delete("redeem:taken:host:1:a")
    assert not erase(app, by_email, patience=0.1).left


def test_only_the_shop_that_is_named(app: RedeemApp, book: Book) -> None:
    here, there = (book.open_one(order_id=NUMBER, account=account) for account in (UK, DE))
    for one, account in ((here, UK), (there, DE)):
        book.yes(book.claimed(one, account))
    audit.record(app.runtime.ledger, "replay", count=2, what=f"{here}, {there}", who="them")
    assert erase(app, Subject(orders=frozenset({NUMBER}), shop="uk")).counts["redemptions"] == 1
    assert book.ledger.find(here) is None
    assert book.state(there) is State.REDEEMED
    assert next(audit.entries(app.runtime.ledger))["what"] == f"sovendus:uk:[erased], {there}"


# --- what remains


def test_an_erased_order_that_comes_again_is_a_duplicate_for_as_long_as_the_ledger_remembers(
    app: RedeemApp, book: Book
) -> None:
    one = book.open_one(order_id=NUMBER)
    book.yes(book.claimed(one))
    erase(app)
    (again,) = book.opened("AB12", order_id=NUMBER, order_value=Decimal(1))
    assert (again.result, again.id) == ("duplicate", one)
    assert book.ledger.find(one) is None
    assert [opened.result for opened in book.opened("CD34", order_id=NUMBER)] == ["ring"]
    book.passes(400 * 86400 + 1)
    assert [opened.result for opened in book.opened("AB12", order_id=NUMBER)] == ["ring"]


def test_an_event_that_is_given_up_is_not_taken_from_another_system_either(app: RedeemApp, redis: Redis) -> None:
    raw = good_with_tag(examples.event(order_id=NUMBER), "1")
    redis.lpush("orders", raw)
    redis.set("redeem:deaths:" + hashlib.sha1(raw, usedforsecurity=False).hexdigest(), 3)
    assert [one.ids for one in erase(app).refused] == [("an event in the queue orders",)]
    assert erase(app, unreported=True).counts["events"] == 1
    assert redis.keys("*orders*") + redis.keys("redeem:deaths:*") == []
    accepted = accept(app, app.runtime, examples.order(order_id=NUMBER))
    assert [one.result for one in accepted.opened] == ["duplicate"]


def test_the_tombstone_tells_no_number(app: RedeemApp, book: Book, redis: Redis) -> None:
    one = book.open_one(order_id=NUMBER)
    book.yes(book.claimed(one))
    erase(app)
    (tombstone,) = redis.keys("redeem:erased:*")
    assert hashlib.sha1(one.encode(), usedforsecurity=False).hexdigest() not in tombstone
    assert 0 < redis.ttl(tombstone) < redis.ttl("redeem:erased-salt") <= app.settings.ledger.keep + 3600
