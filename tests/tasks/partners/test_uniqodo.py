"""Uniqodo's code redemption API to the letter: what goes out."""

from __future__ import annotations

from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from tasks.errors import Incomplete
from tasks.partners.base import Request
from tasks.partners.uniqodo import Uniqodo
from tests.tasks.examples import account, redemption

UNIQODO = Uniqodo()


def request(account_changes: dict[str, object] | None = None, **changes: Any) -> Request:  # noqa: ANN401 - any field
    return UNIQODO.request(redemption("uniqodo", **changes), account("uniqodo", **(account_changes or {})))


def path(sent: Request) -> str:
    return sent.target.partition("?")[0]


def query(sent: Request) -> dict[str, str]:
    pairs = parse_qsl(sent.target.partition("?")[2], keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def test_the_bytes() -> None:
    sent = request()
    assert (sent.method, sent.headers, sent.body) == ("GET", {"Accept": "application/json"}, None)
    assert sent.target == (
        "/redeem/K3y%2Fwith%2Bodd%20%25chars/AB12E3GH/17?orderId=145789&orderValue=219.99&discount=50.95&currency=GBP"
        "&valKey=f458a1&source=online&uid=customer-7&p1=electricals&p2=UK"
    )


def test_only_what_there_is() -> None:
    bare = request(validation_key=None, source=None, customer_id=None, params=(), discount=None)
    assert bare.target.endswith("/AB12E3GH/17?orderId=145789&orderValue=219.99&discount=&currency=GBP")


@pytest.mark.parametrize(
    ("code", "segment"),
    [
        ("A/B", "A%2FB"), ("A+B", "A%2BB"), ("A%B", "A%25B"), ("A B", "A%20B"), ("Aü", "A%C3%BC"),
        ("A?B#C", "A%3FB%23C"),
        ("A&B=C", "A%26B%3DC"), ("%2F", "%252F"), ("a/../b", "a%2F..%2Fb"), ("😀", "%F0%9F%98%80"),
        ("A:@;,!*'()", "A%3A%40%3B%2C%21%2A%27%28%29"),
        ("A-._~", "A-._~"), ("...", "..."),
    ],
)  # fmt: skip
def test_a_code_is_percent_encoded_whole(code: str, segment: str) -> None:
    assert path(request(code=code)) == f"/redeem/K3y%2Fwith%2Bodd%20%25chars/{segment}/17"


@pytest.mark.parametrize("code", [".", ".."])
def test_what_no_path_can_carry_is_refused(code: str) -> None:
    with pytest.raises(Incomplete, match="no URL path"):
        UNIQODO.require(redemption("uniqodo", code=code), account("uniqodo"))


def test_a_codes_case_is_kept() -> None:
    assert "/aB12/" in path(request(code="aB12"))


@pytest.mark.parametrize("text", ["a&b=c", "a+b", "50% off", "ü ß", "a#b?c", "a/b"])
def test_every_parameter_is_encoded(text: str) -> None:
    sent = query(request(order_id=text, source=text, validation_key=text, customer_id=text, params=(text,)))
    assert {sent[name] for name in ("orderId", "source", "valKey", "uid", "p1")} == {text}


def test_spaces_are_percent_twenty() -> None:
    assert "orderId=a%20b&" in request(order_id="a b").target


@pytest.mark.parametrize(
    ("discount", "written"),
    [(None, ""), (Decimal(0), "0.00"), (Decimal("50.9"), "50.90"), (Decimal("50.945"), "50.95"),
     (Decimal("0.005"), "0.01"), (Decimal("12.000001"), "12.00")],
)  # fmt: skip
def test_a_discount_has_two_decimals_and_none_is_empty(discount: Decimal | None, written: str) -> None:
    assert query(request(discount=discount))["discount"] == written


def test_a_value_of_zero_goes_out() -> None:
    assert query(request(order_value=Decimal("0.00")))["orderValue"] == "0.00"


def test_a_gap_in_the_reporting_values_is_filled() -> None:
    sent = request(params=("a", "", "c", ""))
    assert sent.target.endswith("&p1=a&p2=&p3=c&p4=")


def test_the_customers_identifier_only_where_the_shop_sends_it() -> None:
    assert query(request({"send_uid": True}))["uid"] == "customer-7"
    assert "uid" not in query(request({"send_uid": False}))
    assert "uid" not in query(request({"send_uid": ...}))
    whole = redemption("uniqodo")
    assert UNIQODO.minimise(whole, account("uniqodo", send_uid=False)).customer_id is None
    assert UNIQODO.minimise(whole, account("uniqodo", send_uid=True)) == whole


@pytest.mark.parametrize("field", ["order_value", "currency"])
def test_what_is_missing_is_named(field: str) -> None:
    with pytest.raises(Incomplete, match=f"^{field} is missing"):
        UNIQODO.require(redemption("uniqodo", **{field: None}), account("uniqodo"))


def test_a_validation_key_is_asked_for_where_the_shop_says_so() -> None:
    bare = redemption("uniqodo", validation_key=None)
    UNIQODO.require(bare, account("uniqodo"))
    assert UNIQODO.remark(bare) == "sent without valKey: the event has no validation_key"
    assert UNIQODO.remark(redemption("uniqodo")) is None
    with pytest.raises(Incomplete, match=r"^validation_key is missing"):
        UNIQODO.require(bare, account("uniqodo", require_validation_key=True))


@pytest.mark.parametrize("wrong", ["", "x1", -1, 1.5])
def test_the_merchant_is_a_number(wrong: object) -> None:
    with pytest.raises(ValidationError):
        account("uniqodo", merchant_id=wrong)
