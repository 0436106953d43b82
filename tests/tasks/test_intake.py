"""From an order to its redemptions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from config.settings import Settings
from tasks.intake import account_of, plan_order
from tasks.ledger import Planned
from tests.moments import NOW
from tests.tasks.examples import PLACED, order, settings


def plan(given: Settings | None = None, **changes: Any) -> list[Planned]:  # noqa: ANN401 - any field of an event
    return plan_order(order(**changes), given or settings(), now=NOW)


def fates(planned: list[Planned]) -> dict[str, tuple[str, str] | None]:
    return {one.redemption.id: (one.fate.reason, one.fate.message) if one.fate else None for one in planned}


def only(planned: list[Planned]) -> Planned:
    [one] = planned
    return one


def fate(planned: list[Planned]) -> tuple[str, str]:
    found = only(planned).fate
    assert found is not None
    return found.reason, found.message


UNIQODO = {"code": "AB12E3GH", "provenance": "uniqodo", "validation_key": "f458", "discount": "50.95"}


def test_three_codes_are_three_redemptions_with_the_whole_value_each() -> None:
    planned = plan(coupons=[UNIQODO, {"code": "skdxxr4324"}, {"code": "SKDXXR9999"}])
    assert fates(planned) == {
        "uniqodo:uk:145789:AB12E3GH": None,
        "sovendus:uk:145789:SKDXXR4324": None,
        "sovendus:uk:145789:SKDXXR9999": None,
    }
    assert {one.redemption.order_value for one in planned} == {Decimal("219.99")}
    assert planned[1].redemption.code == "skdxxr4324"
    assert (planned[0].redemption.discount, planned[1].redemption.discount) == (Decimal("50.95"), None)


def test_a_code_that_only_the_default_sends_to_a_partner_is_no_news_if_another_partner_has_it() -> None:
    assert only(plan(coupons=[{"code": "ab12"}])).unless == ("uniqodo:uk:145789:AB12",)
    assert only(plan(coupons=[{"code": "ab12"}], test=True)).unless == ("test:uniqodo:uk:145789:AB12",)


@pytest.mark.parametrize("told", [{"provenance": "sovendus"}, {"validation_key": "f458"}, {"code": "RULED1"}])
def test_a_code_whose_issuer_is_told_is_always_news(told: dict[str, str]) -> None:
    ruled = settings(SHOPS__UK__RULES='[{"pattern": "ruled*", "partner": "sovendus"}]')
    assert only(plan(ruled, coupons=[{"code": "AB12", **told}])).unless == ()


@pytest.mark.parametrize("coupons", [[], None, ...])
def test_no_code_is_nothing_to_report(coupons: object) -> None:
    assert plan(coupons=coupons) == []


def test_the_merchants_own_code_is_nobodys() -> None:
    assert plan(coupons=[{"code": "STAFF", "provenance": "none"}]) == []
    assert plan(shop="nowhere", coupons=[{"code": "STAFF", "provenance": "none"}]) == []


def test_a_code_given_twice_is_one_redemption_with_its_first_content() -> None:
    planned = plan(coupons=[{"code": "ab12", "discount": "5"}, {"code": " AB12 ", "discount": "6"}, {"code": "X"}])
    assert [one.redemption.id for one in planned] == ["sovendus:uk:145789:AB12", "sovendus:uk:145789:X"]
    assert planned[0].redemption.discount == Decimal(5)
    assert planned[0].redemption.code == "ab12"


def test_the_same_code_of_two_partners_is_two() -> None:
    coupons = [{"code": "A", "provenance": "uniqodo"}, {"code": "A", "provenance": "sovendus"}]
    assert set(fates(plan(coupons=coupons))) == {"uniqodo:uk:145789:A", "sovendus:uk:145789:A"}


def test_an_unknown_shop_is_unroutable() -> None:
    assert fates(plan(shop="fr")) == {
        "unrouted:fr:145789:AB12E3GH": ("unroutable", 'no shop "fr" is configured'),
    }
    assert fates(plan(shop="fr", coupons=[UNIQODO])) == {
        "uniqodo:fr:145789:AB12E3GH": ("unroutable", 'no shop "fr" is configured'),
    }


def test_a_partner_that_the_shop_lacks_is_unroutable() -> None:
    assert fate(plan(shop="de", coupons=[UNIQODO])) == ("unroutable", 'shop "de" has no uniqodo account')


def test_where_nothing_decides_it_is_unroutable() -> None:
    only_uniqodo = settings(SHOPS__FR__UNIQODO__API_KEY="key1", SHOPS__FR__UNIQODO__MERCHANT_ID="1")
    planned = plan(only_uniqodo, shop="fr")
    assert fate(planned)[0] == "unroutable"
    assert only(planned).redemption.id == "unrouted:fr:145789:AB12E3GH"


def test_one_code_without_a_way_does_not_stop_the_others() -> None:
    planned = plan(shop="de", coupons=[UNIQODO, {"code": "SKD1"}])
    assert [one.fate and one.fate.reason for one in planned] == ["unroutable", None]


@pytest.mark.parametrize("said", ["uniqodo", "sovendus", "none", None])
def test_a_master_code_is_booked_under_uniqodo_and_dead(said: str | None) -> None:
    planned = plan(settings(SHOPS__UK__MASTER_CODES="WELCOME10"), coupons=[{"code": "welcome10", "provenance": said}])
    assert fate(planned)[0] == "master_code"
    assert only(planned).redemption.id == "uniqodo:uk:145789:WELCOME10"


def test_what_uniqodo_lacks_is_named() -> None:
    reason, message = fate(plan(coupons=[UNIQODO], order_value=...))
    assert reason == "incomplete"
    assert "order_value" in message


def test_without_validation_key_it_goes_out_and_says_so() -> None:
    bare = {"code": "A", "provenance": "uniqodo"}
    sent = only(plan(coupons=[bare]))
    assert sent.fate is None
    assert "without valKey" in (sent.note or "")
    assert only(plan(coupons=[UNIQODO])).note is None
    strict = settings(SHOPS__UK__UNIQODO__REQUIRE_VALIDATION_KEY="true")
    reason, message = fate(plan(strict, coupons=[bare]))
    assert (reason, "validation_key" in message) == ("incomplete", True)


def test_sovendus_needs_a_value_under_percentage_billing_only() -> None:
    assert only(plan(order_value=...)).fate is None
    reason, message = fate(plan(settings(SHOPS__UK__SOVENDUS__BILLING="percentage"), order_value=...))
    assert (reason, "order_value" in message) == ("incomplete", True)
    assert only(plan(settings(SHOPS__UK__SOVENDUS__BILLING="percentage"), order_value="0.00")).fate is None


def test_sovendus_may_need_the_hash_or_the_medium() -> None:
    strict = settings(SHOPS__UK__SOVENDUS__REQUIRE_EMAIL_HASH="true")
    assert "email_hash" in fate(plan(strict))[1]
    assert only(plan(strict, email="jane@example.com")).fate is None
    medium = settings(SHOPS__UK__SOVENDUS__REQUIRE_TRAFFIC_MEDIUM_PUBLIC_ID="true")
    assert fate(plan(medium))[0] == "incomplete"
    assert "traffic_medium_public_id" in fate(plan(medium))[1]


def test_older_than_the_ledger_remembers_goes_to_a_person() -> None:
    brief = settings(LEDGER__KEEP="90d")
    limit = NOW - timedelta(days=90)
    assert only(plan(brief, completed_at=limit.isoformat())).fate is None
    assert fate(plan(brief, completed_at=(limit - timedelta(seconds=1)).isoformat()))[0] == "too_old"
    assert fate(plan(completed_at="0001-01-01T00:00:00Z"))[0] == "too_old"


@pytest.mark.parametrize("coupon", [UNIQODO, {"code": "SKD1"}])
def test_the_customers_identifier_is_dropped(coupon: dict[str, str]) -> None:
    assert only(plan(customer_id="7", coupons=[coupon])).redemption.customer_id is None


def test_the_customers_identifier_is_kept_where_it_is_sent() -> None:
    sending = settings(SHOPS__UK__UNIQODO__SEND_UID="true")
    planned = plan(sending, customer_id="7", coupons=[UNIQODO, {"code": "SKD1"}])
    assert [one.redemption.customer_id for one in planned] == ["7", None]


@pytest.mark.parametrize("changes", [{"shop": "fr"}, {"shop": "de", "coupons": [UNIQODO]}])
def test_the_customers_identifier_is_dropped_from_what_cannot_be_sent(changes: dict[str, Any]) -> None:
    assert only(plan(customer_id="7", **changes)).redemption.customer_id is None


def test_a_test_order_is_prefixed_and_marked() -> None:
    [one, other] = plan(test=True, coupons=[UNIQODO, {"code": "SKD1"}])
    assert (one.redemption.id, one.redemption.test) == ("test:uniqodo:uk:145789:AB12E3GH", True)
    assert (other.redemption.id, other.redemption.test) == ("test:sovendus:uk:145789:SKD1", True)


def test_all_that_a_partner_needs_is_carried_over() -> None:
    carried = only(
        plan(coupons=[UNIQODO], email="test.001@sovendus.de", source="online", params=["a", "", "b"])
    ).redemption
    assert carried.completed_at == PLACED
    assert (carried.currency, carried.validation_key, carried.source) == ("GBP", "f458", "online")
    assert (carried.params, carried.provenance) == (("a", "", "b"), "uniqodo")
    assert carried.email_hash == "1d94e91aafaebd74135e7b9195045bf5"


def test_an_accounts_fingerprint_follows_its_settings_and_shows_nothing_of_them() -> None:
    account, found = account_of(settings(), "uniqodo", "uk")
    assert found is not None
    assert account == account_of(settings(), "uniqodo", "uk")[0]
    for changed in (
        settings(SHOPS__UK__UNIQODO__API_KEY="another"),
        settings(SHOPS__UK__UNIQODO__MERCHANT_ID="18"),
        settings(PARTNERS__UNIQODO__BASE_URL="https://elsewhere.example"),
    ):
        assert account_of(changed, "uniqodo", "uk")[0].fingerprint != account.fingerprint
    assert account_of(settings(), "uniqodo", "de")[1] is None
