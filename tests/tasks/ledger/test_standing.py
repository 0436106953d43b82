"""How things stand: waiting, dead and reported, in counts, money and time; and waiting retries brought forward."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.dead_letters.finding import Filters
from tasks.errors import AccountRefused, Rejected, Unanswered
from tasks.intake import account_of
from tasks.ledger import Account, Claim, State
from tasks.partners.base import Receipt
from tasks.standing.status import AccountStatus, gather
from tasks.standing.waiting import find_waiting, hasten
from tests.tasks import examples
from tests.tasks.ledger.clock import let_pass
from tests.worker.apps import running
from worker.composition import RedeemApp


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url) as made:
        yield made


def opened(app: RedeemApp, *codes: str, **changes: object) -> list[str]:
    order = examples.order(coupons=[{"code": code} for code in codes], **changes)
    return [one.id for one in accept(app, app.runtime, order).opened]


def claim(app: RedeemApp, redemption_id: str) -> Claim:
    claimed = app.runtime.ledger.claim(redemption_id, account(app, redemption_id), owner="me", lease=30)
    assert claimed.status == "claimed"
    return claimed


def account(app: RedeemApp, redemption_id: str) -> Account:
    partner, shop, *_ = redemption_id.removeprefix("test:").split(":")
    return account_of(app.settings, partner, shop)[0]


def settle(app: RedeemApp, redemption_id: str, state: State = State.REDEEMED) -> None:
    app.runtime.ledger.settle(redemption_id, claim(app, redemption_id), state, Receipt(200), {})


def bury(app: RedeemApp, redemption_id: str) -> None:
    app.runtime.ledger.bury(redemption_id, claim(app, redemption_id), Rejected("no", status=422), {})


def fail(app: RedeemApp, redemption_id: str, error: Unanswered | AccountRefused | None = None) -> None:
    app.runtime.ledger.park(redemption_id, claim(app, redemption_id), error or Unanswered("HTTP 503"), 900, {})


def row(app: RedeemApp, partner: str = "sovendus", shop: str = "uk") -> AccountStatus:
    (only,) = (one for one in gather(app.runtime) if (one.partner, one.shop) == (partner, shop))
    return only


def test_every_configured_account_has_a_row_before_anything_happened(app: RedeemApp) -> None:
    rows = gather(app.runtime)
    assert [(one.partner, one.shop) for one in rows] == [("sovendus", "de"), ("sovendus", "uk"), ("uniqodo", "uk")]
    assert {(one.breaker, one.states.total()) for one in rows} == {("closed", 0)}
    assert row(app).to_json()["lag_p50_s"] is None


def test_each_state_is_counted(app: RedeemApp) -> None:
    queued, sending, retrying, redeemed, presumed, dead = opened(app, *(f"C{n}" for n in range(6)))
    claim(app, sending)
    settle(app, redeemed)
    settle(app, presumed, State.PRESUMED)
    bury(app, dead)
    fail(app, retrying)

    counted = row(app).to_json()
    assert {state.value: counted[state.value] for state in State} == {
        "queued": 1,
        "sending": 1,
        "retrying": 1,
        "redeemed": 1,
        "presumed": 1,
        "dead": 1,
        "discarded": 0,
    }
    assert app.runtime.ledger.find(queued) is not None


def test_money_counts_an_order_once_and_the_same_number_in_another_shop_too(app: RedeemApp) -> None:
    opened(app, "AB12", "CD34")
    opened(app, "EF56", order_id="2", order_value="0.01", currency="EUR")
    dead = opened(app, "GH78", "IJ90", order_id="3") + opened(app, "GH78", order_id="3", shop="de")
    for one in dead:
        bury(app, one)

    assert row(app).money_waiting.totals == {"GBP": Decimal("219.99"), "EUR": Decimal("0.01")}
    assert row(app).money_dead.totals == {"GBP": Decimal("219.99")}
    assert row(app, shop="de").money_dead.totals == {"GBP": Decimal("219.99")}


def test_test_redemptions_are_no_money(app: RedeemApp) -> None:
    opened(app, "AB12", test=True)
    assert row(app).money_waiting.totals == {}


def test_the_longest_waiting_and_the_lag_are_told_in_seconds(app: RedeemApp, redis: Redis) -> None:
    opened(app, "AB12", order_id="1")
    let_pass(redis, 3600)
    opened(app, "CD34", order_id="2")
    told = row(app).to_json()
    assert 3600 <= told["oldest_waiting_s"] < 3700

    (one,) = opened(app, "EF56", order_id="3", completed_at=...)
    settle(app, one)
    assert row(app).to_json()["lag_p50_s"] > 0


@pytest.mark.parametrize("state", ["paused", "open", "half-open", "refused"])
def test_what_stops_an_account_is_told(app: RedeemApp, redis: Redis, state: str) -> None:
    ids = opened(app, *(f"C{n}" for n in range(12)))
    here = account(app, ids[0])
    if state == "paused":
        app.runtime.ledger.pause(here)
    elif state == "refused":
        fail(app, ids[0], AccountRefused("101"))
    else:
        for one in ids[:10]:
            fail(app, one)
    if state == "half-open":
        let_pass(redis, 60)
        settle(app, ids[10])

    told = row(app)
    assert told.breaker == state
    assert ("traffic_medium_public_id" in (told.hint or "")) == (state == "open")  # it never answered


def test_what_waits_is_told_the_next_due_first(app: RedeemApp) -> None:
    later, now, done = opened(app, "AB12", "CD34", "EF56")
    fail(app, later)
    settle(app, done)
    assert [record.id for record in find_waiting(app.runtime.ledger, "sovendus:uk")] == [now, later]


def test_only_matching_retries_are_brought_forward(app: RedeemApp) -> None:
    here, waits = opened(app, "AB12", "CD34")
    (there,) = opened(app, "AB12", shop="de")
    fail(app, here)
    fail(app, there)
    ledger = app.runtime.ledger

    assert [record.id for record in hasten(ledger, Filters(shop="de"))] == [there]
    assert [record.id for record in hasten(ledger, Filters(code="ab12"))] == [here]
    assert list(hasten(ledger, Filters())) == []
    assert waits in {record.id for record in find_waiting(ledger, "sovendus:uk")}
