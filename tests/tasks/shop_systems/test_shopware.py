from __future__ import annotations

import hashlib
import hmac
from decimal import Decimal
from typing import Any

import pytest

from tasks.shop_systems import SYSTEMS, NothingToReport
from tasks.shop_systems.shopware import shop_secrets
from tests.tasks.shop_systems.deliveries import body, payload

SHOPWARE = SYSTEMS["shopware"]


def mapped(delivery: object) -> dict[str, Any]:
    event = SHOPWARE.read({}, delivery)
    assert isinstance(event, dict)
    return event


@pytest.mark.parametrize("event", ["product.written", "checkout.customer.login", "state_enter.order.state.cancelled"])
def test_other_events_are_nothing_to_report(event: str) -> None:
    holders: list[object] = [[], {}, {"order": None}]
    for inner in holders:
        assert isinstance(SHOPWARE.read({}, {"data": {"event": event, "payload": inner}}), NothingToReport)


def test_both_of_an_app_s_secrets_sign_and_no_other() -> None:
    content = body("shopware_gross")
    one, other = shop_secrets("s3cret")
    assert len({one, other, *shop_secrets("another")}) == 4
    assert all(64 <= len(secret) <= 255 for secret in (one, other))  # as Shopware's documentation asks
    for key in (one, other, "s3cret"):
        signature = hmac.new(key.encode(), content, hashlib.sha256).hexdigest()
        assert SHOPWARE.is_signed({"shopware-shop-signature": signature}, content, ["another", "s3cret"])
        assert not SHOPWARE.is_signed({"shopware-shop-signature": signature}, content, ["another"])
        assert not SHOPWARE.is_signed({}, content, ["s3cret"])


@pytest.mark.parametrize("secret", ["", shop_secrets("")[0]])
def test_an_empty_secret_signs_nothing(secret: str) -> None:
    content = body("shopware_gross")
    signature = hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()
    assert not SHOPWARE.is_signed({"shopware-shop-signature": signature}, content, [""])


def test_php_writes_an_empty_object_as_an_empty_array() -> None:
    delivery = payload("shopware_gross")
    delivery["data"]["payload"]["order"]["customFields"] = []
    assert mapped(delivery)["test"] is False


def test_taxes_may_come_as_an_object_by_rate() -> None:
    delivery = payload("shopware_gross")
    costs = delivery["data"]["payload"]["order"]["shippingCosts"]
    costs["calculatedTaxes"] = {"19": costs["calculatedTaxes"][0]}
    assert mapped(delivery)["order_value"] == "90.00"


def test_an_order_rounded_for_cash_is_reported_as_it_was_before() -> None:
    order = payload("shopware_tax_free")["data"]["payload"]["order"]
    assert order["price"]["totalPrice"] != order["price"]["netPrice"] == Decimal("108.33")
    assert mapped(payload("shopware_tax_free"))["order_value"] == "100.00"


def test_a_guest_has_no_customer_number() -> None:
    delivery = payload("shopware_gross")
    assert mapped(delivery)["customer_id"] == "10026"
    delivery["data"]["payload"]["order"]["orderCustomer"]["customer"]["guest"] = True
    assert "customer_id" not in mapped(delivery)
