"""Many dead letters acted on at once: paced, stoppable, and in the audit trail however it ends."""

from __future__ import annotations

import getpass
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Event, Timer
from typing import Any

import pytest
from redis import Redis
from redis.exceptions import OutOfMemoryError

from tasks.acceptance import accept
from tasks.audit import entries
from tasks.dead_letters.acting import Selection, discard_all, preview, replay_all
from tasks.dead_letters.amendment_text import parse_amendment
from tasks.dead_letters.finding import Filters, count_dead, find_dead
from tasks.messages.bad_message import UnknownTask
from tasks.messages.burying import bury_message
from tests.tasks import examples
from tests.tasks.garbage import good_with_tag
from tests.worker.apps import running
from worker.composition import RedeemApp

NEVER = 0.001  # a second: the second letter comes after a quarter of an hour


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url) as made:
        yield made


@pytest.fixture
def letters(app: RedeemApp) -> list[str]:
    """Five, too old to be sent unless somebody says so; the first two are one order's."""
    made = []
    for number, codes in enumerate((("A", "B"), ("C",), ("D",), ("E",))):
        order = examples.order(
            order_id=str(number), completed_at="2020-01-01T00:00:00Z", coupons=[{"code": code} for code in codes]
        )
        made += [one.id for one in accept(app, app.runtime, order).opened]
    return made


def dead(app: RedeemApp) -> list[str]:
    return [record.id for record in find_dead(app.runtime.ledger, Filters())]


def audited(app: RedeemApp) -> list[tuple[str, str, int, str]]:
    return [(one["who"], one["action"], one["count"], one["what"]) for one in entries(app.runtime.ledger)]


def incomplete(app: RedeemApp, count: int) -> None:
    bare: dict[str, Any] = {"order_value": ..., "currency": ..., "coupons": [{"code": "X", "provenance": "uniqodo"}]}
    for number in range(count):
        accept(app, app.runtime, examples.order(order_id=f"bare{number}", **bare))


def test_all_that_match_and_one_audit_entry(app: RedeemApp, letters: list[str]) -> None:
    outcomes = list(replay_all(app, app.runtime, Selection(every=True), rate=0, by="jane"))
    assert [(one.id, one.redemptions, one.refused) for one in outcomes] == [(one, (one,), None) for one in letters]
    assert dead(app) == []
    assert audited(app) == [("jane", "replay", 5, "all")]


def test_what_is_refused_is_told_and_does_not_count(app: RedeemApp, letters: list[str]) -> None:
    incomplete(app, 2)
    outcomes = list(replay_all(app, app.runtime, Selection(every=True), rate=0))
    assert [one.refused is None for one in outcomes] == [True] * 5 + [False] * 2
    assert "order_value is missing" in str(outcomes[-1].refused)
    assert len(letters) == audited(app)[0][2]
    assert audited(app)[0][0].startswith(getpass.getuser() + "@")


def test_nothing_done_is_no_entry(app: RedeemApp) -> None:
    incomplete(app, 1)
    assert [one.refused is None for one in replay_all(app, app.runtime, Selection(every=True), rate=0)] == [False]
    assert audited(app) == []


def test_only_the_chosen_by_ids_or_filters(app: RedeemApp, letters: list[str]) -> None:
    done = list(discard_all(app.runtime, Selection(ids=(letters[4], letters[0], "unknown"))))
    assert [one.id for one in done] == [letters[4], letters[0]]
    assert [one.id for one in discard_all(app.runtime, Selection(Filters(order="1")))] == [letters[2]]
    assert dead(app) == [letters[1], letters[3]]
    assert [what for *_, what in audited(app)] == [f"{letters[4]}, {letters[0]}, unknown", "order 1"]


def test_a_preview_counts_reasons_and_each_order_once(app: RedeemApp, letters: list[str]) -> None:
    incomplete(app, 2)
    found = preview(app.runtime.ledger, Selection(every=True))
    assert (found.count, dict(found.reasons)) == (7, {"too_old": 5, "incomplete": 2})
    assert found.money.totals == {"GBP": 4 * Decimal("219.99")}
    assert preview(app.runtime.ledger, Selection(ids=tuple(letters[:2]))).money.totals == {"GBP": Decimal("219.99")}


def test_it_is_paced_and_stops_at_once_when_told_to(app: RedeemApp, letters: list[str]) -> None:
    stop = Event()
    outcomes = replay_all(app, app.runtime, Selection(every=True), rate=NEVER, by="jane", stop=stop)
    assert next(outcomes).id == letters[0]
    Timer(0.3, stop.set).start()
    assert list(outcomes) == []
    assert dead(app) == letters[1:]
    assert audited(app) == [("jane", "replay", 1, "all (stopped half way)")]


def test_what_is_refused_takes_no_time_of_the_partners(app: RedeemApp) -> None:
    incomplete(app, 3)
    assert len(list(replay_all(app, app.runtime, Selection(every=True), rate=NEVER))) == 3


@pytest.mark.parametrize("end", ["close", "Ctrl-C"])
def test_what_was_done_is_audited_although_it_ends_half_way(app: RedeemApp, letters: list[str], end: str) -> None:
    outcomes = discard_all(app.runtime, Selection(every=True), by="jane")
    assert [next(outcomes).id, next(outcomes).id] == letters[:2]
    if end == "close":
        outcomes.close()
    else:
        with pytest.raises(KeyboardInterrupt):
            outcomes.throw(KeyboardInterrupt())
    assert audited(app) == [("jane", "discard", 2, "all (stopped half way)")]
    # It can be taken up again.
    assert [one.id for one in discard_all(app.runtime, Selection(every=True))] == letters[2:]


def test_what_was_done_is_audited_although_the_broker_takes_no_more(
    app: RedeemApp, letters: list[str], redis: Redis
) -> None:
    outcomes = replay_all(app, app.runtime, Selection(every=True), rate=0, by="jane")
    assert next(outcomes).id == letters[0]
    redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(OutOfMemoryError):
            next(outcomes)
        assert audited(app) == [("jane", "replay", 1, "all (stopped half way)")]
    finally:
        redis.config_set("maxmemory", 0)


def test_two_at_once_do_each_letter_once(app: RedeemApp, letters: list[str]) -> None:
    mine, yours = (discard_all(app.runtime, Selection(every=True), by=who) for who in ("me", "you"))
    first = [next(mine).id, next(yours).id]
    rest = [one.id for pair in (mine, yours) for one in pair]
    assert sorted(first + rest) == letters
    assert sum(count for _, _, count, _ in audited(app)) == 5


def test_fields_set_for_all_are_named_in_the_audit_trail(app: RedeemApp, letters: list[str]) -> None:
    currency = parse_amendment(["currency=EUR"])
    for _ in replay_all(app, app.runtime, Selection(every=True), rate=0, amendment=currency):
        pass
    records = app.runtime.ledger.find_all(letters)
    assert {record.redemption().currency for record in records} == {"EUR"}
    assert [what for *_, what in audited(app)] == ["all, set currency"]


def test_a_message_for_another_task_is_replayed_only_by_its_id(app: RedeemApp) -> None:
    message = good_with_tag(examples.event(), "1").replace(b"orders.completed", b"orders.cancelled")
    letter = bury_message(app.runtime, message, "orders", UnknownTask("another"))
    [outcome] = replay_all(app, app.runtime, Selection(every=True), rate=0)
    assert "it is for another task" in str(outcome.refused)
    [outcome] = replay_all(app, app.runtime, Selection(ids=(letter,)), rate=0)
    assert outcome.refused is None


def test_letters_are_found_newest_first_too_and_counted(app: RedeemApp, letters: list[str], redis: Redis) -> None:
    key = app.runtime.ledger.key("dead")
    for age, one in enumerate(reversed(letters)):
        redis.zadd(key, {one: 1_700_000_000_000 - age})
    newest = [record.id for record in find_dead(app.runtime.ledger, Filters(), newest_first=True)]
    assert newest == letters[::-1]
    assert count_dead(app.runtime.ledger, Filters()) == 5
    assert count_dead(app.runtime.ledger, Filters(order="0")) == 2
    assert count_dead(app.runtime.ledger, Filters(since=datetime.now(UTC))) == 0


def test_many_of_the_same_moment_are_found_newest_first_once_each(app: RedeemApp, redis: Redis) -> None:
    coupons = [{"code": f"C{n}"} for n in range(50)]
    for number in range(12):
        accept(app, app.runtime, examples.order(shop="fr", coupons=coupons, order_id=str(number)))
    key = app.runtime.ledger.key("dead")
    ids = [str(member) for member in redis.zrange(key, 0, -1)]
    redis.zadd(key, dict.fromkeys(ids, 1_700_000_000_000))
    found = [record.id for record in find_dead(app.runtime.ledger, Filters(), newest_first=True)]
    assert (len(ids), found) == (600, sorted(ids, reverse=True))


def test_a_selection_of_nothing_is_not_one_of_everything() -> None:
    with pytest.raises(ValueError, match="selects nothing"):
        Selection()
    with pytest.raises(ValueError, match="selects nothing"):
        Selection(Filters(), ())


def test_what_dies_after_the_question_is_not_meant() -> None:
    now = datetime.now(UTC)
    assert Selection(every=True).as_of(now) == Selection(Filters(until=now), every=True)
    earlier = Selection(Filters(until=now - timedelta(days=1)))
    assert earlier.as_of(now) == earlier
    assert Selection(Filters(until=now + timedelta(days=1))).as_of(now).filters.until == now
    chosen = Selection(Filters(shop="uk"), ids=("a",))
    assert chosen.as_of(now) == chosen
