"""Dead letters: found by filters, brought back under today's settings, or closed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.dead_letters.finding import Filters, Refused, discard, find_dead
from tasks.dead_letters.replaying import replay
from tasks.errors import Rejected
from tasks.intake import account_of
from tasks.invalid_event import InvalidEvent
from tasks.ledger import Record, State
from tasks.messages.burying import bury_event, what_came
from tasks.orders import parse_order
from tests.tasks import examples
from tests.tasks.ledger.clock import let_pass
from tests.worker.apps import running
from worker.composition import RedeemApp


@pytest.fixture
def start(broker_url: str) -> Iterator[Callable[..., RedeemApp]]:
    """Apps with settings of their own at the same broker."""
    with ExitStack() as started:
        yield lambda **settings: started.enter_context(running(broker_url, **settings))


@pytest.fixture
def app(start: Callable[..., RedeemApp]) -> RedeemApp:
    return start()


def reject(app: RedeemApp, *codes: str, **changes: object) -> list[str]:
    """An order whose codes the partner rejects; their ids."""
    order = examples.order(coupons=[{"code": code} for code in codes], **changes)
    ids = [one.id for one in accept(app, app.runtime, order).opened]
    for one in ids:
        reject_again(app, one)
    return ids


def reject_again(app: RedeemApp, redemption_id: str) -> None:
    partner, shop, *_ = redemption_id.split(":")
    account = account_of(app.settings, partner, shop)[0]
    claim = app.runtime.ledger.claim(redemption_id, account, owner="me", lease=10)
    assert claim.status == "claimed"
    app.runtime.ledger.bury(redemption_id, claim, Rejected("no", code="422", status=422), {"outcome": "dead"})


def unroutable(app: RedeemApp, coupon: dict[str, str] | None = None, **changes: object) -> str:
    """A letter of a shop that the settings lack."""
    order = examples.order(shop="fr", coupons=[coupon or {"code": "AB12"}], **changes)
    (opened,) = accept(app, app.runtime, order).opened
    assert opened.result == "dead"
    return opened.id


def letter(app: RedeemApp, redemption_id: str) -> Record:
    found = app.runtime.ledger.find(redemption_id)
    assert found is not None
    return found


def found(app: RedeemApp, filters: Filters = Filters()) -> list[str]:  # noqa: B008 - frozen
    return [record.id for record in find_dead(app.runtime.ledger, filters)]


def test_letters_are_found_by_every_filter(app: RedeemApp, redis: Redis) -> None:
    (old,) = reject(app, "OLD")
    let_pass(redis, 3600)
    (here,) = reject(app, "AB12", order_id="2")
    let_pass(redis, 1)
    (there,) = reject(app, "CD34", order_id="3", shop="de")
    let_pass(redis, 1)
    lost = unroutable(app)
    an_hour_ago = datetime.now(UTC) - timedelta(minutes=30)

    assert found(app) == [old, here, there, lost]
    assert found(app, Filters(shop="de")) == [there]
    assert found(app, Filters(partner="sovendus")) == [old, here, there]
    assert found(app, Filters(reason="unroutable")) == [lost]
    assert found(app, Filters(order="2")) == [here]
    assert found(app, Filters(code=" cd34 ")) == [there]
    assert found(app, Filters(since=an_hour_ago)) == [here, there, lost]
    assert found(app, Filters(until=an_hour_ago)) == [old]


def test_many_letters_are_told_once_each_although_they_died_in_the_same_moment(app: RedeemApp, redis: Redis) -> None:
    coupons = [{"code": f"C{n}"} for n in range(50)]
    for number in range(24):
        accept(app, app.runtime, examples.order(shop="fr", coupons=coupons, order_id=str(number)))
    dead = app.runtime.ledger.key("dead")
    ids = [str(member) for member in redis.zrange(dead, 0, -1)]
    redis.zadd(dead, dict.fromkeys(ids, 1_700_000_000_000))
    assert len(ids) == 1200
    assert found(app) == sorted(ids)


def test_replaying_all_comes_to_an_end_although_letters_die_again_at_once(app: RedeemApp) -> None:
    ids = reject(app, *(f"C{n:02}" for n in range(20)))
    replayed = []
    for record in find_dead(app.runtime.ledger, Filters()):
        replay(app, app.runtime, record)
        reject_again(app, record.id)
        replayed.append(record.id)
    assert replayed == ids


def test_a_letter_discarded_meanwhile_is_passed_over(app: RedeemApp) -> None:
    ids = reject(app, *(f"C{n:02}" for n in range(3)))
    letters = find_dead(app.runtime.ledger, Filters())
    first = next(letters)
    for record in [letter(app, one) for one in ids]:
        discard(app.runtime, record)
    assert first.id == ids[0]
    assert found(app) == []


def test_a_replay_rings_the_doorbell(app: RedeemApp, redis: Redis) -> None:
    (one,) = reject(app, "AB12")
    redis.delete("sovendus")
    assert replay(app, app.runtime, letter(app, one)) == [one]
    assert (letter(app, one).state, redis.llen("sovendus")) == (State.QUEUED, 1)


def test_what_still_lacks_something_is_refused_and_stays(app: RedeemApp, start: Callable[..., RedeemApp]) -> None:
    strict = start(SHOPS__UK__SOVENDUS__REQUIRE_EMAIL_HASH="true")
    (opened,) = accept(strict, strict.runtime, examples.order()).opened
    one = opened.id
    assert opened.result == "dead"

    with pytest.raises(Refused, match="email_hash"):
        replay(strict, strict.runtime, letter(strict, one))
    assert letter(strict, one).state is State.DEAD
    assert replay(app, app.runtime, letter(app, one)) == [one]


@pytest.mark.parametrize("reason", ["rejected", "unroutable"])
def test_two_operators_do_not_replay_the_same_letter(
    start: Callable[..., RedeemApp], app: RedeemApp, reason: str
) -> None:
    mended = start(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    routed = {"code": "AB12", "provenance": "sovendus"}
    record = letter(app, reject(app, "AB12")[0] if reason == "rejected" else unroutable(app, routed))
    assert record.reason == reason
    assert replay(mended, mended.runtime, record) == [record.id]
    with pytest.raises(Refused, match="no longer"):
        replay(mended, mended.runtime, record)
    with pytest.raises(Refused, match="no longer"):
        discard(mended.runtime, record)


def test_under_mended_settings_an_unroutable_one_finds_its_partner_and_closes_with_a_link(
    app: RedeemApp, start: Callable[..., RedeemApp]
) -> None:
    one = unroutable(app, email=examples.ADDRESS)
    with pytest.raises(Refused, match="still unroutable"):
        replay(app, app.runtime, letter(app, one))
    mended = start(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    (new,) = replay(mended, mended.runtime, letter(mended, one))

    assert new == "sovendus:fr:145789:AB12"
    assert letter(mended, new).redemption().email_hash is not None
    old = letter(mended, one)
    assert (old.state, old.history()[-1]["as"]) == (State.DISCARDED, [new])
    assert "personal" not in old.fields


def test_a_replay_that_means_what_is_known_already_closes_the_letter(
    app: RedeemApp, start: Callable[..., RedeemApp]
) -> None:
    one = unroutable(app)
    mended = start(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    known = accept(mended, mended.runtime, examples.order(shop="fr", coupons=[{"code": "ab12"}])).opened[0]
    before = letter(mended, known.planned.redemption.id)

    assert replay(mended, mended.runtime, letter(mended, one)) == [before.id]
    assert letter(mended, before.id) == before
    assert letter(mended, one).state is State.DISCARDED


def bury_invalid(app: RedeemApp, event: object) -> str:
    with pytest.raises(InvalidEvent) as caught:
        parse_order(event, now=datetime.now(UTC))
    return bury_event(app.runtime, event, caught.value)


def test_an_invalid_event_stays_invalid_is_found_and_can_be_closed(app: RedeemApp) -> None:
    one = bury_invalid(app, examples.event(order_value=219.99))
    assert found(app, Filters(reason="invalid_event")) == [one]
    with pytest.raises(Refused, match="still invalid"):
        replay(app, app.runtime, letter(app, one))

    discard(app.runtime, letter(app, one))
    assert what_came(app.runtime.ledger, letter(app, one)) == b""
    assert found(app) == []
