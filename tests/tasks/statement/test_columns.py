from __future__ import annotations

import pytest

from tasks.reports.statement.columns import NAMES, Wishes, find_columns, has_order
from tasks.reports.statement.unreadable import NoStatement


def places(*header: str, wishes: Wishes | None = None) -> tuple[int | None, ...]:
    found = find_columns(header, wishes or Wishes())
    return found.order, found.code, found.value, found.currency


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (["Bestellnummer", "Gutscheincode", "Bestellwert", "Währung"], (0, 1, 2, 3)),
        (["Datum", "Bestell-Nr.", "Gutschein-Code", "Warenkorbwert (netto)", "Provision"], (1, 2, 3, None)),
        (["ORDER ID", "Voucher Code", "Net Value", "currency"], (0, 1, 2, 3)),
        (["order_id", "coupon_code", "order_value", "order_currency"], (0, 1, 2, 3)),
        (["Amount", "Order No."], (1, None, None, None)),
        (["  bestellnummer "], (0, None, None, None)),
        (["completed_at", "reported_at", "partner", "shop", "order_id", "code", "state", "order_value", "currency"],
         (4, 5, 7, 8)),
    ],
)  # fmt: skip
def test_columns_by_their_names(header: list[str], expected: tuple[int | None, ...]) -> None:
    assert places(*header) == expected


def test_no_name_means_two_things() -> None:
    every = [name for names in NAMES.values() for name in names]
    assert len(every) == len(set(every))
    assert all(name == name.casefold() and name.isalnum() for name in every)


@pytest.mark.parametrize(
    ("name", "currency"),
    [("Bestellwert (EUR)", "EUR"), ("Bestellwert in €", "EUR"), ("order value gbp", "GBP"), ("Nettowert [CHF]", "CHF"),
     ("Bestellwert", None), ("Bestellwert (netto)", None)],
)  # fmt: skip
def test_a_currency_in_the_name_of_the_value(name: str, currency: str | None) -> None:
    found = find_columns(["Bestellnummer", name], Wishes())
    assert (found.value, found.unit) == (1, currency)


def test_columns_that_the_operator_names() -> None:
    header = ("Ref", "Bestellnummer", "Betrag", "Umsatz", "Code")
    assert places(*header, wishes=Wishes(order="ref", value=" BETRAG ")) == (0, 4, 2, None)


@pytest.mark.parametrize(
    ("header", "wishes", "complaint"),
    [
        (["Bestellnummer", "Order ID"], Wishes(), "which column is the order"),
        (["Order ID", "Bestellwert", "Nettowert"], Wishes(), "'Bestellwert', 'Nettowert' may be: name it with --value"),
        (["Order ID", "Order ID"], Wishes(order="Order ID"), "which column is the order"),
        (["Order ID", "Code"], Wishes(value="Betrag"), "no column 'Betrag' for --value-column, but 'Order ID', 'Code'"),
        (["Ref", "Code"], Wishes(), "no column for the order number among 'Ref', 'Code'"),
        (["Order ID", "Code"], Wishes(value="Code"), "one column cannot be two things"),
    ],
)
def test_what_cannot_be_told_is_asked_for(header: list[str], wishes: Wishes, complaint: str) -> None:
    with pytest.raises(NoStatement, match=complaint):
        find_columns(header, wishes)


def test_a_header_has_an_order_number() -> None:
    assert has_order(["x", "Bestell Nr"], Wishes())
    assert not has_order(["Sovendus GmbH", "Abrechnung"], Wishes())
    assert has_order(["ref"], Wishes(order="Ref"))
