"""Orders built from lines, tax rates and shipping: what is reported is the sum of the net lines after discounts."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.shop_systems import SYSTEMS
from tests.tasks.shop_systems.deliveries import payload

CENT = Decimal("0.01")
NO_TAX = Decimal(0)


def cents(value: Decimal) -> Decimal:
    return value.quantize(CENT, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Line:
    """What a line costs after discounts, as the shop prices it, and its rate of VAT in percent."""

    price: Decimal
    rate: Decimal

    def tax(self, *, included: bool) -> Decimal:
        return cents(self.price * self.rate / (100 + self.rate if included else 100))

    def net(self, *, included: bool) -> Decimal:
        return self.price - (self.tax(included=True) if included else NO_TAX)


AMOUNTS = st.integers(min_value=0, max_value=10_000_00).map(lambda value: Decimal(value) / 100)
LINES = st.builds(
    Line, AMOUNTS, st.sampled_from([Decimal(rate) for rate in ("0", "2.6", "7", "8.1", "19", "20", "25")])
)
CARTS = st.tuples(st.lists(LINES, min_size=1, max_size=6), LINES)  # the goods, and shipping


@dataclass(frozen=True)
class Sums:
    lines: list[Line]
    shipping: Line
    included: bool

    @property
    def goods_net(self) -> Decimal:
        return sum((line.net(included=self.included) for line in self.lines), NO_TAX)

    @property
    def shipping_net(self) -> Decimal:
        return self.shipping.net(included=self.included)

    @property
    def shipping_tax(self) -> Decimal:
        return self.shipping.tax(included=self.included)

    @property
    def tax(self) -> Decimal:
        return sum((line.tax(included=self.included) for line in self.lines), NO_TAX) + self.shipping_tax

    @property
    def gross(self) -> Decimal:
        return self.goods_net + self.shipping_net + self.tax

    @property
    def positions(self) -> Decimal:
        return sum((line.price for line in self.lines), NO_TAX)


def woocommerce(sums: Sums) -> dict[str, Any]:
    changes = {"total": sums.gross, "total_tax": sums.tax, "shipping_total": sums.shipping_net}
    return {**payload("woocommerce_vat_included"), **{name: str(value) for name, value in changes.items()}}


def shopify(sums: Sums) -> dict[str, Any]:
    taxes = [{"price": str(sums.shipping_tax), "rate": 0.2, "title": "VAT"}]
    amounts = {"subtotal_price": str(sums.positions), "total_tax": str(sums.tax), "total_price": str(sums.gross)}
    return {
        **payload("shopify_vat_included"),
        **amounts,
        **{f"current_{name}": value for name, value in amounts.items()},
        "taxes_included": sums.included,
        "shipping_lines": [{"discounted_price": str(sums.shipping.price), "is_removed": False, "tax_lines": taxes}],
    }


def shopware(sums: Sums) -> dict[str, Any]:
    delivery: dict[str, Any] = payload("shopware_gross")
    taxes = [{"tax": sums.shipping_tax, "taxRate": sums.shipping.rate, "price": sums.shipping.price}]
    delivery["data"]["payload"]["order"] |= {
        "shippingCosts": {"totalPrice": sums.shipping.price, "calculatedTaxes": taxes},
        "price": {
            "netPrice": sums.goods_net + sums.shipping_net,
            "totalPrice": sums.gross,
            "positionPrice": sums.positions,
            "calculatedTaxes": [{"tax": sums.tax, "taxRate": 19.0, "price": sums.gross}],
            "taxStatus": "gross" if sums.included else "net",
        },
    }
    return delivery


BUILDERS = {"woocommerce": woocommerce, "shopify": shopify, "shopware": shopware}


def reported(system: str, delivery: dict[str, Any]) -> Decimal:
    event = SYSTEMS[system].read({}, delivery)
    assert isinstance(event, dict)
    if "order_value" in event:
        return Decimal(event["order_value"])
    gross, tax, shipping = (Decimal(event[name]) for name in ("gross_value", "tax", "shipping"))
    return gross - tax - shipping


def test_every_system_is_tested() -> None:
    assert BUILDERS.keys() == SYSTEMS.keys()


@pytest.mark.parametrize("system", BUILDERS)
@settings(max_examples=40)
@given(cart=CARTS, included=st.booleans())
def test_the_net_value_is_the_sum_of_the_net_lines(
    system: str, cart: tuple[list[Line], Line], *, included: bool
) -> None:
    sums = Sums(*cart, included=included)
    assert reported(system, BUILDERS[system](sums)) == sums.goods_net


@pytest.mark.parametrize("system", BUILDERS)
def test_119_at_19_percent_is_100_net(system: str) -> None:
    sums = Sums([Line(Decimal("119.00"), Decimal(19))], Line(Decimal("5.95"), Decimal(19)), included=True)
    assert reported(system, BUILDERS[system](sums)) == Decimal("100.00")


def test_what_floats_leave_behind_does_not_show() -> None:
    delivery = payload("shopware_gross")
    order = delivery["data"]["payload"]["order"]
    order["price"]["netPrice"] = Decimal("94.16000000000001")
    order["shippingCosts"]["calculatedTaxes"][0]["tax"] = Decimal("0.7899999999999998")
    assert reported("shopware", delivery) == Decimal("90.00")
