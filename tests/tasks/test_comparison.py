"""One order, as it was reported and as it is listed."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.reports.comparison import Finding, Kind, Order, Ours, compare
from tasks.reports.reconciliation_sums import Sums
from tasks.reports.statement import Line

CENT = Decimal("0.01")


def own(
    code: str = "A1",
    value: str | None = "10.00",
    currency: str | None = "EUR",
    *,
    place: str = "redeemed",
    shop: str = "uk",
) -> Ours:
    amount = None if value is None else Decimal(value)
    return Ours(f"sovendus:{shop}:1:{code}", "sovendus", shop, code, "redeemed", place, amount, currency, 0)


def line(
    code: str | None = "A1", value: str | None = "10.00", currency: str | None = "EUR", *, number: int = 2
) -> Line:
    return Line(number, "1", code, None if value is None else Decimal(value), currency)


def found(*sides: Ours | Line, elsewhere: tuple[Ours, ...] = (), tolerance: Decimal = CENT) -> list[tuple[str, str]]:
    order = Order(
        "1", [one for one in sides if isinstance(one, Ours)], [one for one in sides if isinstance(one, Line)], elsewhere
    )
    return [(finding.kind.value, finding.here) for finding in compare(order, tolerance)]


AGREED = ("agreed", "redeemed")


def test_agreed_in_any_spelling_of_the_code() -> None:
    assert found(own("Skd-1"), line("SKD-1")) == [AGREED]


def test_a_presumed_one_that_is_listed_is_confirmed() -> None:
    assert found(own(place="presumed"), line()) == [("agreed", "presumed")]
    assert found(own(place="presumed")) == [("missing_there", "presumed")]


def test_missing_on_either_side() -> None:
    assert found(own()) == [("missing_there", "redeemed")]
    assert found(line()) == [("missing_here", "unknown")]


@pytest.mark.parametrize(
    ("theirs", "kind"),
    [("10.00", "agreed"), ("10.01", "agreed"), ("9.99", "agreed"), ("10.011", "value_differs"),
     ("9.98", "value_differs"), ("0", "value_differs"), ("-10.00", "value_differs"), (None, "agreed")],
)  # fmt: skip
def test_values(theirs: str | None, kind: str) -> None:
    assert found(own(), line(value=theirs)) == [(kind, "redeemed")]


def test_values_without_tolerance() -> None:
    assert found(own(), line(value="10.01"), tolerance=Decimal(0)) == [("value_differs", "redeemed")]


def test_a_value_that_we_never_told_differs() -> None:
    assert found(own(value=None, currency=None), line()) == [("value_differs", "redeemed")]
    assert found(own(value=None, currency=None), line(value=None)) == [AGREED]


def test_currencies() -> None:
    assert found(own(), line(currency="GBP")) == [("currency_differs", "redeemed")]
    assert found(own(), line(currency=None)) == [AGREED]


def test_listed_twice() -> None:
    assert found(own(), line(), line(number=3)) == [AGREED, ("listed_twice", "")]
    assert found(line(), line(number=3)) == [("missing_here", "unknown"), ("listed_twice", "")]


def test_of_lines_that_are_listed_again_the_one_that_agrees_counts() -> None:
    order = Order("1", [own()], [line(value="5.00"), line(number=3)])
    agreed, again = compare(order, CENT)
    assert (agreed.kind, agreed.theirs) == (Kind.AGREED, line(number=3))
    assert (again.kind, again.theirs) == (Kind.LISTED_TWICE, line(value="5.00"))


def test_the_same_number_and_code_in_two_shops() -> None:
    assert (
        found(own(value="1.00"), own(value="2.00", shop="de"), line(value="2.00"), line(value="1.00")) == [AGREED] * 2
    )


@pytest.mark.parametrize(
    ("place", "here"),
    [("dead", "dead"), ("discarded", "discarded"), ("queued", "queued"), ("retrying", "retrying"),
     ("sending", "sending"), ("other_period", "other_period"), ("other_account", "other_account")],
)  # fmt: skip
def test_what_is_listed_and_not_reported_is_explained(place: str, here: str) -> None:
    for code in ("A1", None):
        assert found(line(code), elsewhere=(own(place=place),)) == [("missing_here", here)]


def test_the_likeliest_explanation_comes_first() -> None:
    elsewhere = (own(place="other_account"), own(place="dead"), own(place="other_period"))
    assert found(line(), elsewhere=elsewhere) == [("missing_here", "other_period")]


def test_another_code_of_the_order() -> None:
    assert found(own("B2"), line("A1")) == [("missing_here", "other_code"), ("missing_there", "redeemed")]
    assert found(line("A1"), elsewhere=(own("B2", place="dead"),)) == [("missing_here", "other_code")]


def test_lines_without_a_code_stand_for_their_order() -> None:
    one, other = own("A1"), own("B2")
    assert found(one, other, line(None)) == [AGREED] * 2
    assert found(one, other, line(None), line(None, number=3)) == [AGREED] * 2
    assert found(one, line(None), line(None, number=3)) == [AGREED, ("listed_twice", "")]
    assert found(one, line("A1"), line(None, number=3)) == [AGREED, ("listed_twice", "")]
    assert found(one, other, line("A1"), line(None, number=3)) == [AGREED] * 2
    assert found(line(None), line(None, number=3)) == [("missing_here", "unknown")] * 2


codes = st.sampled_from(["A1", "a1", "B2"])
values = st.sampled_from(["10.00", "10.01", "11.00"]) | st.none()
currencies = st.sampled_from(["EUR", "GBP"])
owns = st.lists(st.builds(own, codes, values, currencies, place=st.sampled_from(["redeemed", "presumed"])), max_size=4)
lines = st.lists(st.builds(line, codes.map(str.upper) | st.none(), values, currencies), max_size=5)
others = st.lists(st.builds(own, codes, place=st.sampled_from(["dead", "other_period"])), max_size=2)


@given(owns, lines, others)
@settings(max_examples=60)
def test_everything_is_told_once(ours: list[Ours], listed: list[Line], elsewhere: list[Ours]) -> None:
    """Each of ours in one finding, each line in one at least; only a line without a code may stand for several."""
    listed = [Line(number, one.order_id, one.code, one.value, one.currency) for number, one in enumerate(listed)]
    order = Order("1", ours, listed, elsewhere)
    findings = list(compare(order, CENT))
    assert_ours_once(ours, findings)
    told = Counter(one.theirs.number for one in findings if one.theirs)
    assert set(told) == {one.number for one in listed}
    assert all(times == 1 or listed[number].code is None for number, times in told.items())
    for one in findings:
        if one.kind in (Kind.AGREED, Kind.VALUE_DIFFERS, Kind.CURRENCY_DIFFERS):
            assert one.ours
            assert one.theirs
            assert one.theirs.code in (None, one.ours.code.upper())
    sums = Sums()
    sums.add(order, findings)
    assert sum(total.count for total in sums.found.values()) == len(findings)
    assert (sums.reported.count, sums.listed.count) == (len(ours), len(listed))


def assert_ours_once(ours: list[Ours], findings: list[Finding]) -> None:
    told = [id(one.ours) for one in findings if one.ours and one.kind not in (Kind.MISSING_HERE, Kind.LISTED_TWICE)]
    assert sorted(told) == sorted(map(id, ours))


@given(owns)
@settings(max_examples=60)
def test_what_is_listed_as_reported_agrees(ours: list[Ours]) -> None:
    listed = [Line(number, "1", one.code.upper(), one.value, one.currency) for number, one in enumerate(ours)]
    assert {kind for kind, _ in found(*ours, *listed)} <= {"agreed"}


def test_money_counts_an_order_once_and_every_line_that_is_listed_again() -> None:
    order = Order("1", [own("A1"), own("B2")], [line("A1"), line("B2", number=3), line("B2", number=4)])
    sums = Sums()
    for _ in range(2):  # two such orders
        sums.add(order, list(compare(order, CENT)))
    assert sums.reported.to_json() == {"count": 4, "money": {"EUR": "20.00"}}
    assert sums.listed.to_json() == {"count": 6, "money": {"EUR": "20.00"}}
    assert sums.found[Kind.AGREED, "redeemed"].to_json() == {"count": 4, "money": {"EUR": "20.00"}}
    assert sums.found[Kind.LISTED_TWICE, ""].to_json() == {"count": 2, "money": {"EUR": "20.00"}}
    assert not sums.agree


def test_where_values_differ_the_money_is_the_difference() -> None:
    order = Order("1", [own()], [line(value="7.50")])
    sums = Sums()
    sums.add(order, list(compare(order, CENT)))
    assert sums.found[Kind.VALUE_DIFFERS, "redeemed"].to_json() == {"count": 1, "money": {"EUR": "-2.50"}}
