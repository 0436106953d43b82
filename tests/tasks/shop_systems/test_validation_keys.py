from __future__ import annotations

from typing import Any

import pytest

from tasks.shop_systems import SYSTEMS, Unmapped
from tasks.shop_systems.validation_keys import UnclearKey, keys_by_code
from tests.tasks.shop_systems.deliveries import payload


@pytest.mark.parametrize(
    ("written", "codes", "keys"),
    [
        ("f458", ["AB"], {"AB": "f458"}),
        (" f458 ", [" ab "], {"AB": "f458"}),
        ("Zm9v==", ["AB"], {"AB": "Zm9v=="}),  # base64, not a code
        ("ab=f458", ["AB"], {"AB": "f458"}),
        ("AB = f458 , CD=Zm8=", ["ab", "cd"], {"AB": "f458", "CD": "Zm8="}),
        ("AB=f458", ["ab", "cd"], {"AB": "f458"}),
        ("GONE=f458", ["AB"], {}),  # the customer took that code out again
        ("AB=f458, GONE=1", ["AB"], {"AB": "f458"}),
        ("AB=f458,", ["AB"], {"AB": "f458"}),
        ("", ["AB"], {}),
        (" , ", ["AB", "CD"], {}),
        ("f458", ["AB", "ab"], {"AB": "f458"}),
    ],
)
def test_keys_are_found(written: str, codes: list[str], keys: dict[str, str]) -> None:
    assert keys_by_code(written, codes) == keys


@pytest.mark.parametrize(("written", "codes"), [("f458", ["AB", "CD"]), ("f458, 77", ["AB"]), ("AB=1, 77", ["AB"])])
def test_whose_key_it_is_is_not_guessed(written: str, codes: list[str]) -> None:
    with pytest.raises(UnclearKey, match="CODE=KEY"):
        keys_by_code(written, codes)


def woocommerce(order: dict[str, Any], attribute: str) -> None:
    order["meta_data"] = [{"id": 1, "key": "uniqodo_validation_key", "value": attribute}]


def shopify(order: dict[str, Any], attribute: str) -> None:
    order["note_attributes"] = [{"name": "uniqodo_validation_key", "value": attribute}]


def shopware(delivery: dict[str, Any], attribute: str) -> None:
    delivery["data"]["payload"]["order"]["customFields"] = {"uniqodo_validation_key": attribute}


ORDERS = {
    "woocommerce": ("woocommerce_vat_included", woocommerce),
    "shopify": ("shopify_vat_included", shopify),
    "shopware": ("shopware_gross", shopware),
}


@pytest.mark.parametrize("system", ORDERS)
@pytest.mark.parametrize("attribute", ["f458", "SKDXXR4324=f458", "skdxxr4324=f458, OTHER=1"])
def test_the_order_s_attribute_goes_to_its_code(system: str, attribute: str) -> None:
    name, write = ORDERS[system]
    order = payload(name)
    write(order, attribute)
    event = SYSTEMS[system].read({}, order)
    assert isinstance(event, dict)
    assert [coupon["validation_key"] for coupon in event["coupons"]] == ["f458"]


@pytest.mark.parametrize("system", ORDERS)
def test_an_unclear_key_is_a_fault_that_is_told(system: str) -> None:
    name, write = ORDERS[system]
    order = payload(name)
    write(order, "f458, 77")
    with pytest.raises(Unmapped, match="uniqodo_validation_key says not which code") as caught:
        SYSTEMS[system].read({}, order)
    assert "f458" not in str(caught.value)


def test_a_key_at_the_code_itself_goes_before_the_order_s() -> None:
    order = payload("woocommerce_vat_excluded_two_codes")
    order["coupon_lines"][0]["meta_data"] = [{"id": 1, "key": "uniqodo_validation_key", "value": "mine"}]
    order["meta_data"] = [{"id": 1, "key": "uniqodo_validation_key", "value": "other"}]  # can only be the other code's
    event = SYSTEMS["woocommerce"].read({}, order)
    assert isinstance(event, dict)
    assert [coupon["validation_key"] for coupon in event["coupons"]] == ["mine", "other"]
