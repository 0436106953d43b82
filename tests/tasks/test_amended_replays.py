"""Dead letters brought back with fields set right: in place, or as another redemption."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from datetime import timedelta, timezone
from decimal import Decimal

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.dead_letters.amendment_text import parse_amendment
from tasks.dead_letters.finding import Refused
from tasks.dead_letters.replaying import replay
from tasks.errors import Rejected, Unanswered
from tasks.intake import account_of
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.ledger import Claim, Record, State
from tasks.messages.burying import bury_event
from tasks.orders import hash_email
from tasks.partners.base import Receipt
from tests.moments import ago
from tests.tasks import examples
from tests.worker.apps import running
from worker.composition import RedeemApp

KEYED = {"code": "AB12", "provenance": "uniqodo", "validation_key": "f458"}
BARE = "uniqodo:uk:145789:AB12"


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url, SHOPS__UK__UNIQODO__SEND_UID="true") as made:
        yield made


def record(app: RedeemApp, redemption_id: str) -> Record:
    found = app.runtime.ledger.find(redemption_id)
    assert found is not None
    return found


def claim(app: RedeemApp, redemption_id: str) -> Claim:
    partner, shop, *_ = redemption_id.removeprefix("test:").split(":")
    claimed = app.runtime.ledger.claim(
        redemption_id, account_of(app.settings, partner, shop)[0], owner=uuid.uuid4().hex, lease=30
    )
    assert claimed.status == "claimed"
    return claimed


def reject(app: RedeemApp, **changes: object) -> str:
    """An order whose one code the partner rejects; its id."""
    (one,) = accept(app, app.runtime, examples.order(**{"coupons": [KEYED]} | changes)).opened
    app.runtime.ledger.bury(one.id, claim(app, one.id), Rejected("no", code="204", status=200), {"outcome": "dead"})
    return one.id


def incomplete(app: RedeemApp) -> str:
    order = examples.order(order_value=..., currency=..., coupons=[KEYED])
    (one,) = accept(app, app.runtime, order).opened
    assert (one.id, one.result) == (BARE, "dead")
    return one.id


def amended(app: RedeemApp, redemption_id: str, *texts: str) -> list[str]:
    return replay(app, app.runtime, record(app, redemption_id), by="jane", amendment=parse_amendment(texts))


def test_what_was_missing_is_set_in_place(app: RedeemApp, redis: Redis) -> None:
    incomplete(app)
    with pytest.raises(Refused, match=r"invalid: \$.currency: required with a value"):
        amended(app, BARE, "order_value=12.005")
    with pytest.raises(Refused, match="still incomplete: order_value is missing"):
        amended(app, BARE, "currency=GBP")
    assert record(app, BARE).state is State.DEAD

    assert amended(app, BARE, "order_value=12.005", "currency=GBP", f"email={examples.ADDRESS}") == [BARE]
    found = record(app, BARE)
    known = found.redemption()
    assert (found.state, known.order_value, known.currency) == (State.QUEUED, Decimal("12.01"), "GBP")
    assert (known.email_hash, known.validation_key) == (hash_email(examples.ADDRESS), "f458")
    assert redis.llen("uniqodo") == 1
    entry = found.history()[-1]
    assert (entry["outcome"], entry["by"]) == ("replayed", "jane")
    assert entry["set"] == {"order_value": "12.005", "currency": "GBP", "email": "…"}


def test_every_field_of_a_redemption_can_be_set(app: RedeemApp) -> None:
    one, placed = reject(app), ago(days=2).astimezone(timezone(timedelta(hours=1)))
    given = [
        "gross_value=120.00", "tax=20", "shipping=10", "currency=EUR", "discount=5", "code=ab12",
        "email_hash=" + "0" * 32,
        "customer_id=7", "source=retail", f"completed_at={placed.isoformat()}", 'params=["p"]'
    ]  # fmt: skip
    assert amended(app, one, *given) == [one]
    known = record(app, one).redemption()
    assert (known.order_value, known.currency, known.discount) == (Decimal("90.00"), "EUR", Decimal(5))
    assert (known.code, known.email_hash, known.customer_id) == ("ab12", "0" * 32, "7")
    assert (known.source, known.params, known.provenance) == ("retail", ("p",), "uniqodo")
    assert known.completed_at == placed
    assert known.completed_at.utcoffset() == timedelta(0)
    assert amended_again(app, one, "source=", "discount=", "params=") == ("", (), None)


def amended_again(app: RedeemApp, one: str, *texts: str) -> tuple[str, tuple[str, ...], Decimal | None]:
    app.runtime.ledger.bury(one, claim(app, one), Rejected("no", code="204", status=200), {"outcome": "dead"})
    amended(app, one, *texts)
    known = record(app, one).redemption()
    return known.source or "", known.params, known.discount


def test_an_ambiguous_attempt_stays_ambiguous_and_the_backoff_starts_anew(app: RedeemApp) -> None:
    (opened,) = accept(app, app.runtime, examples.order(coupons=[KEYED])).opened
    ledger = app.runtime.ledger
    ledger.park(opened.id, claim(app, opened.id), Unanswered("timeout"), 0, {"outcome": "transient"})
    second = ledger.claim(opened.id, account_of(app.settings, "uniqodo", "uk")[0], owner="second", lease=30)
    ledger.bury(opened.id, second, Rejected("no", status=200), {"outcome": "dead"})
    amended(app, opened.id, "order_value=1")
    found = record(app, opened.id)
    assert (found.ambiguous, found.attempts, found.tries) == (True, 2, 0)
    assert [entry["outcome"] for entry in found.history()] == ["transient", "dead", "replayed"]


@pytest.mark.parametrize(
    ("text", "new"),
    [
        ("code=CD34", "uniqodo:uk:145789:CD34"),
        ("order_id=7", "uniqodo:uk:7:AB12"),
        ("partner=sovendus", "sovendus:uk:145789:AB12"),
        ("test=true", "test:uniqodo:uk:145789:AB12"),
    ],
)
def test_another_order_code_or_partner_is_another_redemption_with_a_link_both_ways(
    app: RedeemApp, text: str, new: str
) -> None:
    one = reject(app)
    assert amended(app, one, text, "order_value=1") == [new]
    old, opened = record(app, one), record(app, new)
    assert (old.state, opened.state) == (State.DISCARDED, State.QUEUED)
    assert (old.history()[-1]["as"], opened.history()[0]["of"]) == ([new], one)
    assert opened.redemption().order_value == Decimal(1)
    assert app.runtime.ledger.redis.zrange(app.runtime.ledger.key("dead"), 0, -1) == []


def test_another_shop_needs_an_account_there(app: RedeemApp) -> None:
    one = reject(app)
    with pytest.raises(Refused, match='unroutable: shop "de" has no uniqodo account'):
        amended(app, one, "shop=de")
    assert amended(app, one, "shop=de", "partner=sovendus") == ["sovendus:de:145789:AB12"]


def test_what_it_becomes_passes_the_duplicate_check(app: RedeemApp) -> None:
    one = reject(app)
    known = accept(app, app.runtime, examples.order(coupons=[KEYED | {"code": "CD34"}])).opened[0].id
    before = record(app, known)
    assert amended(app, one, "code=cd34", "order_value=1") == [known]
    after = record(app, known)
    assert (after.state, after.redemption()) == (before.state, before.redemption())
    assert after.fields["later_content"]
    assert record(app, one).state is State.DISCARDED


def test_a_letter_is_no_duplicate_of_what_it_becomes(app: RedeemApp) -> None:
    one = reject(app)
    # Without a stated issuer the code is the default partner's, which counts as a duplicate where another has it.
    assert amended(app, one, "provenance=", "validation_key=") == ["sovendus:uk:145789:AB12"]
    assert record(app, "sovendus:uk:145789:AB12").state is State.QUEUED


def test_a_code_that_is_nobodys_stays(app: RedeemApp) -> None:
    one = reject(app)
    with pytest.raises(Refused, match="no partner issued this code"):
        amended(app, one, "provenance=none")
    assert record(app, one).state is State.DEAD


@pytest.mark.parametrize("text", ["", "source=retail", "order_id=7"])
def test_too_old_is_sent_once_a_person_has_decided(app: RedeemApp, text: str) -> None:
    (old,) = accept(app, app.runtime, examples.order(completed_at="2020-01-01T00:00:00Z", coupons=[KEYED])).opened
    assert record(app, old.id).reason == "too_old"
    (waits,) = amended(app, old.id, *[text] if text else [])
    assert record(app, waits).state is State.QUEUED
    app.runtime.ledger.settle(waits, claim(app, waits), State.REDEEMED, Receipt(200), {"outcome": "redeemed"})


def test_an_invalid_event_is_set_right(app: RedeemApp) -> None:
    event = examples.event(order_value=219.99, shop=..., note="x", customer_id="7", coupons=[{"cod": "AB12"}, KEYED])
    letter = bury_event(app.runtime, event, InvalidEvent((FieldError("$.note", "unknown field"),)))
    with pytest.raises(Refused, match=r"still invalid: .*\$.note: unknown field"):
        amended(app, letter, "order_value=219.99")
    right = ["order_value=219.99", "note=", "coupons[0].code=SKD1", "coupons[0].cod=", "shop=uk"]
    with pytest.raises(Refused, match="masked"):
        amended(app, letter, *right)
    ids = amended(app, letter, *right, "customer_id=")
    assert ids == ["sovendus:uk:145789:SKD1", BARE]
    assert {record(app, one).history()[0]["of"] for one in ids} == {letter}
    assert (record(app, letter).state, record(app, letter).history()[-1]["as"]) == (State.DISCARDED, ids)


def test_two_people_do_not_hand_the_same_letter_over(app: RedeemApp) -> None:
    stale = record(app, reject(app))
    code = parse_amendment(["code=CD34"])
    replay(app, app.runtime, stale, amendment=code)
    with pytest.raises(Refused, match="no longer a dead letter"):
        replay(app, app.runtime, stale, amendment=code)
