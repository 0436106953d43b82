"""What cannot be parsed is searched as bytes, in every spelling, and what merely resembles it is left alone."""

from __future__ import annotations

import pytest

from tasks.erasure import Subject
from tasks.orders import hash_email
from tests.tasks.erasure.kit import unparseable

NUMBER = "145789012"
ADDRESS = "Jane.Doe+shop@example.com"
CUSTOMER = "customer-4711"
BY_ORDER = Subject(orders=frozenset({NUMBER}))
BY_EMAIL = Subject(email_hashes=frozenset({hash_email(ADDRESS)}))
BY_CUSTOMER = Subject(customers=frozenset({CUSTOMER}))


@pytest.mark.parametrize(("name", "raw"), [*unparseable(NUMBER)])
def test_an_orders_number_is_found(name: str, raw: bytes) -> None:
    assert BY_ORDER.order_in(raw) == NUMBER, name


@pytest.mark.parametrize(("name", "raw"), [*unparseable(NUMBER + "3")])
def test_a_longer_number_is_another(name: str, raw: bytes) -> None:
    assert BY_ORDER.order_in(raw) is None, name


@pytest.mark.parametrize(("name", "raw"), [*unparseable(ADDRESS)])
def test_an_address_is_found_by_its_hash(name: str, raw: bytes) -> None:
    assert BY_EMAIL.customer_in(raw), name


@pytest.mark.parametrize(("name", "raw"), [*unparseable(hash_email(ADDRESS).upper())])
def test_the_hash_is_found_too(name: str, raw: bytes) -> None:
    assert BY_EMAIL.customer_in(raw), name


@pytest.mark.parametrize(("name", "raw"), [*unparseable("john.doe@example.com")])
def test_another_address_is_not(name: str, raw: bytes) -> None:
    assert not BY_EMAIL.customer_in(raw), name


@pytest.mark.parametrize(("name", "raw"), [*unparseable(CUSTOMER)])
def test_a_customers_identifier_is_found(name: str, raw: bytes) -> None:
    assert BY_CUSTOMER.customer_in(raw), name


@pytest.mark.parametrize("raw", [b"at 20:15:07 on line 7 of 7", b"7", b"HTTP 7 \xff"])
def test_a_short_number_is_an_orders_only_where_that_is_said(raw: bytes) -> None:
    assert Subject(orders=frozenset({"7"})).order_in(raw) is None
    assert Subject(orders=frozenset({"7"})).order_in(b"order_id=7&" + raw) == "7"


def test_a_large_message_that_hides_much_is_searched_in_bounded_time() -> None:
    bomb = b"%25" * 60_000 + b"A" * 200_000
    assert BY_ORDER.order_in(bomb) is None
