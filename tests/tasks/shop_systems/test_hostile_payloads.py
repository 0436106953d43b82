"""Authentic is not the same as right: plugins change payloads, and somebody may have the secret."""

from __future__ import annotations

import copy
import random
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.invalid_event import InvalidEvent
from tasks.orders import parse_order
from tasks.shop_systems import SYSTEMS, NothingToReport, Unmapped
from tests.moments import NOW
from tests.tasks.shop_systems.deliveries import PERSONAL, payload

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3),
    max_leaves=8,
)


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:  # noqa: ANN401 - any JSON value
    members: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, member in members:
        yield (*path, name)
        yield from places(member, (*path, name))


def changed(whole: Any, path: tuple[Any, ...], value: Any) -> Any:  # noqa: ANN401 - any JSON value
    result = copy.deepcopy(whole)
    holder = result
    for name in path[:-1]:
        holder = holder[name]
    holder[path[-1]] = value
    return result


def outcome(name: str, delivery: object) -> str:
    try:
        event = SYSTEMS[name.partition("_")[0]].read({}, delivery)
        if isinstance(event, NothingToReport):
            return event.why
        parse_order(event | {"shop": "uk"}, now=NOW)
    except Unmapped as error:
        with pytest.raises(InvalidEvent, match="unmapped: unknown field"):  # so no replay sends it as it stands
            parse_order(error.event | {"shop": "uk"}, now=NOW)
        return str(error)
    except InvalidEvent as error:
        return str(error)
    return ""


@pytest.mark.parametrize("system", SYSTEMS)
@settings(max_examples=40)
@given(delivery=JSON)
def test_what_is_no_order_is_named_a_fault(system: str, delivery: object) -> None:
    assert outcome(system, delivery)


@pytest.mark.parametrize(
    "name",
    ["woocommerce_vat_excluded_two_codes", "shopify_vat_included_with_duties", "shopware_net_two_rates_two_codes"],
)
def test_wherever_a_payload_is_wrong_nothing_is_quoted_and_nothing_breaks(name: str) -> None:
    whole, dice = payload(name), random.Random(4711)
    for path in dice.sample(list(places(whole)), 40):
        for value in (None, "Erika Mustermann", 7, -1, [], {}, [["Heidestraße"]], {"x": "51147"}, True):
            said = outcome(name, changed(whole, path, value))
            assert not any(word in said for word in PERSONAL), (path, value, said)


@pytest.mark.parametrize(
    ("name", "path", "told"),
    [
        ("woocommerce_vat_included", ("status",), "$.status: required"),
        ("woocommerce_vat_included", ("total",), "$.total: required"),
        ("woocommerce_vat_included", ("total_tax",), "$.total_tax: required"),
        ("woocommerce_vat_included", ("shipping_total",), "$.shipping_total: required"),
        ("woocommerce_vat_included", ("currency",), "$.currency: required"),
        ("woocommerce_vat_included", ("coupon_lines",), "$.coupon_lines: required"),
        ("woocommerce_vat_included", ("coupon_lines", 0, "code"), "$.coupon_lines[0].code: required"),
        ("shopify_vat_included", ("name",), "$.name: required"),
        ("shopify_vat_included", ("currency",), "$.currency: required"),
        ("shopify_vat_included", ("discount_codes",), "$.discount_codes: required"),
        ("shopify_vat_included", ("discount_codes", 0, "code"), "$.discount_codes[0].code: required"),
        (
            "shopify_vat_included",
            ("shipping_lines", 0, "tax_lines", 0, "price"),
            "$.shipping_lines[0].tax_lines[0].price: required",
        ),
        ("shopware_gross", ("data", "payload", "order"), "$.data.payload.order.orderNumber: required"),
        ("shopware_gross", ("data", "payload", "order", "lineItems"), "$.data.payload.order.lineItems: required"),
        ("shopware_gross", ("data", "payload", "order", "currency"), "$.data.payload.order.currency.isoCode: required"),
        (
            "shopware_gross",
            ("data", "payload", "order", "price", "netPrice"),
            "$.data.payload.order.price.netPrice: required",
        ),
    ],
)
def test_what_a_value_needs_is_required_by_its_path(name: str, path: tuple[Any, ...], told: str) -> None:
    assert told in outcome(name, changed(payload(name), path, None))


@pytest.mark.parametrize("written", ["12,50", "€12.50", "NaN", "1e3", "", True, [], "9" * 13])
def test_an_amount_that_is_none_is_not_guessed(written: object) -> None:
    said = outcome("woocommerce_vat_included", changed(payload("woocommerce_vat_included"), ("total",), written))
    assert said.startswith('$.total: must be an amount such as "219.99"')


def test_a_tax_state_that_nobody_knows_is_not_taken_for_another() -> None:
    delivery = payload("shopware_gross")
    delivery["data"]["payload"]["order"]["price"]["taxStatus"] = "vertical"
    assert "must be gross, net or tax-free" in outcome("shopware_gross", delivery)


def test_what_could_be_mapped_is_kept_in_the_event_s_own_fields() -> None:
    delivery = payload("woocommerce_vat_included")
    del delivery["currency"]
    with pytest.raises(Unmapped) as caught:
        SYSTEMS["woocommerce"].read({}, delivery)
    assert caught.value.event["order_id"] == "4750"
    assert caught.value.event["coupons"] == [{"code": "skdxxr4324", "discount": "11.90"}]
    assert "billing" not in caught.value.event


@pytest.mark.parametrize(
    ("name", "path", "field"),
    [
        ("woocommerce_vat_included", ("total_tax",), "tax"),
        ("shopify_vat_included", ("current_total_tax_set",), ""),
        ("shopify_vat_included", ("shipping_lines", 0, "tax_lines", 0, "price"), "order_value"),
        ("shopware_gross", ("data", "payload", "order", "shippingCosts", "totalPrice"), "order_value"),
    ],
)
def test_an_amount_that_could_not_be_read_is_not_kept_as_nothing(name: str, path: tuple[Any, ...], field: str) -> None:
    delivery = changed(payload(name), path, "?")
    if not field:  # nobody looks at it
        assert outcome(name, delivery) == ""
        return
    with pytest.raises(Unmapped) as caught:
        SYSTEMS[name.partition("_")[0]].read({}, delivery)
    assert caught.value.event[field] == "unknown"
