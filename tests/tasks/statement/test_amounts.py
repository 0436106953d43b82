from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reports.statement.amounts import Amount, Decimals, parse_amount, told_decimals

NBSP, NARROW = "\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("1.234,56", "1234.56", None),
        ("1,234.56", "1234.56", None),
        ("1234.5", "1234.5", None),
        ("1234,5", "1234.5", None),
        ("219,99", "219.99", None),
        ("0", "0", None),
        ("0.500", "0.500", None),
        ("0,125", "0.125", None),
        (".5", "0.5", None),
        (" 12 ", "12", None),
        ("1.234.567", "1234567", None),
        ("1,234,567.8", "1234567.8", None),
        ("1234,567", "1234.567", None),
        (f"1{NBSP}234,56", "1234.56", None),
        (f"1{NARROW}234{NARROW}567", "1234567", None),
        ("1'234.50", "1234.50", None),
        ("1\N{RIGHT SINGLE QUOTATION MARK}234.50", "1234.50", None),
        ("219,99 €", "219.99", "EUR"),
        (f"219,99{NBSP}€", "219.99", "EUR"),
        ("€219.99", "219.99", "EUR"),
        ("£ 1,234.50", "1234.50", "GBP"),
        ("EUR 5,00", "5.00", "EUR"),
        ("5.00CHF", "5.00", "CHF"),
        ("-3,20", "-3.20", None),
        ("\N{MINUS SIGN}3,20", "-3.20", None),
        ("3,20-", "-3.20", None),
        ("+3,20", "3.20", None),
        ("-€3.20", "-3.20", "EUR"),
        ("(12.00)", "-12.00", None),
    ],
)  # fmt: skip
def test_what_people_and_programs_write(text: str, value: str, currency: str | None) -> None:
    assert parse_amount(text, None) == Amount(Decimal(value), currency)


@pytest.mark.parametrize(
    "text",
    ["", "abc", "12,", "1.2.3", "1.23.456", "12.34.56", "1,234,56", "1.234,567.8", "1 23", "123 45", "1e5", "1,23E+05",
     "٣", "$5", "12 34", "--5", "-5-", "(5", "5)", "(-5)", "EUR 5 GBP", "5 eur", "1.234'567", "01.234.567",
     "1234567,1,2"],
)  # fmt: skip
def test_what_is_no_amount(text: str) -> None:
    for decimals in (None, *Decimals):
        with pytest.raises(ValueError, match=r"no amount|two currencies"):
            parse_amount(text, decimals)
    assert told_decimals(text) is None or "EUR" in text


@pytest.mark.parametrize(("text", "point", "comma"), [("1.234", "1.234", "1234"), ("12,345", "12345", "12.345")])
def test_what_may_be_either_is_not_guessed(text: str, point: str, comma: str) -> None:
    with pytest.raises(ValueError, match=rf"may be {min(point, comma, key=float)} or .*--decimal"):
        parse_amount(text, None)
    assert told_decimals(text) is None
    assert parse_amount(text, Decimals.POINT).value == Decimal(point)
    assert parse_amount(text, Decimals.COMMA).value == Decimal(comma)


def test_an_amount_of_the_other_kind_is_refused_where_the_sign_is_known() -> None:
    with pytest.raises(ValueError, match="no amount with a decimal comma"):
        parse_amount("219.99", Decimals.COMMA)


values = st.decimals(-(10**11), 10**11, places=2)


@given(values, st.sampled_from(["", " ", ".", "'", NBSP]), st.sampled_from(["", " €", " EUR"]))
@settings(max_examples=50)
def test_with_a_comma(value: Decimal, group: str, after: str) -> None:
    text = f"{value:,.2f}".replace(",", "_").replace(".", ",").replace("_", group) + after
    assert parse_amount(text, None) == Amount(value, "EUR" if after else None)
    assert told_decimals(text) is Decimals.COMMA


@given(values, st.sampled_from(["", " ", ",", "'", NBSP]), st.sampled_from(["", "£", "GBP "]))
@settings(max_examples=50)
def test_with_a_point(value: Decimal, group: str, before: str) -> None:
    text = before + f"{value:,.2f}".replace(",", group)
    assert parse_amount(text, None) == Amount(value, "GBP" if before else None)
    assert told_decimals(text) is Decimals.POINT


@given(st.text("0123456789.,' €-+()EUR", max_size=14), st.sampled_from([None, *Decimals]))
@settings(max_examples=50)
def test_anything_is_read_or_refused(text: str, decimals: Decimals | None) -> None:
    """And a sign that is known never changes what an amount by itself tells."""
    try:
        amount = parse_amount(text, decimals)
    except ValueError:
        return
    assert amount.value.is_finite()
    if told_decimals(text):
        assert parse_amount(text, None) == amount
