from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tasks.identity import account_name, account_parts, redemption_id, shop_of, task_id

PART = st.text(st.characters(exclude_categories=["Cs"]), max_size=12) | st.text(":%23A5a", max_size=8)
PARTS = st.tuples(PART, PART, PART, PART)


def test_is_what_the_contract_says() -> None:
    assert redemption_id("uniqodo", "uk", "145789", " ab12e3gh\n") == "uniqodo:uk:145789:AB12E3GH"
    assert redemption_id("uniqodo", "uk", "14:57%89", "a:b") == "uniqodo:uk:14%3A57%2589:A%3AB"
    assert redemption_id("uniqodo", "uk", "145789", "ab", test=True) == "test:uniqodo:uk:145789:AB"


@given(one=PARTS, other=PARTS)
def test_different_parts_never_share_an_identity(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    def compared(parts: tuple[str, ...]) -> tuple[str, ...]:
        return (*parts[:3], parts[3].strip().upper())

    assert (redemption_id(*one) == redemption_id(*other)) == (compared(one) == compared(other))


@given(parts=PARTS)
def test_a_test_never_blocks_the_real_order(parts: tuple[str, str, str, str]) -> None:
    assume(parts[0] != "test")  # no partner of the registry is called so
    assert redemption_id(*parts, test=True) != redemption_id(*parts)
    assert shop_of(redemption_id(*parts, test=True)) == shop_of(redemption_id(*parts)) == parts[1]


@given(partner=PART, shop=PART)
def test_an_accounts_name_is_read_back(partner: str, shop: str) -> None:
    assert account_parts(account_name(partner, shop)) == (partner, shop)


@given(one=st.tuples(PART, PART), other=st.tuples(PART, PART))
def test_different_accounts_have_different_names(one: tuple[str, str], other: tuple[str, str]) -> None:
    assert (account_name(*one) == account_name(*other)) == (one == other)


@pytest.mark.parametrize("no_id", ["", "nonsense", "test:"])
def test_what_is_no_identity_has_no_shop(no_id: str) -> None:
    assert shop_of(no_id) == ""


def test_all_attempts_are_one_task() -> None:
    first = redemption_id("uniqodo", "uk", "1", "AB")
    assert task_id(first) == task_id(redemption_id("uniqodo", "uk", "1", " ab "))
    assert task_id(first) != task_id(redemption_id("uniqodo", "uk", "2", "AB"))
