from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.money import net_value, to_cents

AMOUNT = st.decimals(min_value=0, max_value=10**12 - 1, places=6)


@pytest.mark.parametrize(
    ("value", "cents"),
    [("0", "0.00"), ("0.004999", "0.00"), ("0.005", "0.01"), ("2.675", "2.68"), ("1.005", "1.01"), ("0.025", "0.03"),
     ("-0.004", "0.00"), ("999999999999.994999", "999999999999.99")],
)  # fmt: skip
def test_rounds_half_up(value: str, cents: str) -> None:
    assert str(to_cents(Decimal(value))) == cents


@pytest.mark.parametrize(
    ("gross", "tax", "shipping", "net"),
    [
        ("119.00", "19.00", "0", "100.00"),
        ("119", "19", "0.00", "100.00"),
        ("100.00", "15.966387", "0", "84.03"),
        ("124.90", "19.94", "4.96", "100.00"),
        # Rounded one by one these would be a cent less.
        ("10.005", "0.005", "0.005", "10.00"),
        ("10.004", "0.004", "0.004", "10.00"),
        ("1.014", "0.005", "0.005", "1.00"),
        ("1.00", "0.50", "0.60", "-0.10"),
    ],
)
def test_net_is_gross_without_tax_and_shipping_rounded_once(gross: str, tax: str, shipping: str, net: str) -> None:
    assert str(net_value(Decimal(gross), Decimal(tax), Decimal(shipping))) == net


@given(gross=AMOUNT, tax=AMOUNT, shipping=AMOUNT)
def test_is_never_more_than_half_a_cent_off(gross: Decimal, tax: Decimal, shipping: Decimal) -> None:
    assert abs(net_value(gross, tax, shipping) - (gross - tax - shipping)) <= Decimal("0.005")
