"""Uniqodo's code redemption API to the letter."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qsl

import pytest
from pydantic import ValidationError

from tasks.errors import AccountRefused, AlreadyRedeemed, Declined, Incomplete, Rejected, Unanswered
from tasks.partners.base import Answer, Receipt, Request
from tasks.partners.uniqodo import Uniqodo
from tests.tasks.examples import account, redemption

UNIQODO = Uniqodo()
DATA = {
    "id": 1000001, "offer_id": 4711, "merchant_id": 17, "distributor_id": 42, "code": "AB12E3GH",
    "order_value": "219.99", "order_id": "145789", "currency": "GBP", "client_user_agent": "redeem/1",
    "custom_params": '{"p1":"a"}', "redeemed_at": "2026-11-21T20:15:03+0000",
}  # fmt: skip


def request(account_changes: dict[str, object] | None = None, **changes: Any) -> Request:  # noqa: ANN401 - any field
    return UNIQODO.request(redemption("uniqodo", **changes), account("uniqodo", **(account_changes or {})))


def path(sent: Request) -> str:
    return sent.target.partition("?")[0]


def query(sent: Request) -> dict[str, str]:
    pairs = parse_qsl(sent.target.partition("?")[2], keep_blank_values=True, strict_parsing=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


def answer(*errors: object, data: object = None, status: int = 200) -> Receipt:
    envelope = {"result": "success", "data": data, "errors": list(errors)}
    return UNIQODO.read(Answer(status, json.dumps(envelope).encode()))


def error(code: object, message: str = "Something") -> dict[str, object]:
    return {"code": code, "message": message, "promotion_specific_error": None}


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


def test_redeemed() -> None:
    assert answer(data=DATA) == Receipt(200, {"id": "1000001", "redeemed_at": "2026-11-21T20:15:03+0000"})


@pytest.mark.parametrize("code", [201, "201", " 201 ", 201.0, 210, "210"])
@pytest.mark.parametrize("status", [200, 400, 403, 409, 500, 503])
@pytest.mark.parametrize("data", [None, DATA])
def test_already_redeemed_whatever_else_is_said(code: object, status: int, data: object) -> None:
    with pytest.raises(AlreadyRedeemed) as caught:
        answer(error(code), data=data, status=status)
    assert caught.value.code in {"201", "210"}
    assert (caught.value.status, caught.value.reason) == (status, "rejected")


@pytest.mark.parametrize(
    ("code", "meaning"),
    [
        (202, "offer expired"),
        (204, "code not recognised"),
        (206, "no more codes"),
        (209, ""),
        (299, ""),
        (1, ""),
        (999, ""),
    ],
)
def test_a_final_no(code: int, meaning: str) -> None:
    with pytest.raises(Rejected) as caught:
        answer(error(code, "Gutschein ungültig"))
    assert not isinstance(caught.value, AlreadyRedeemed)
    assert caught.value.code == str(code)
    assert caught.value.message == f"Uniqodo {code}: " + (f"{meaning}: " if meaning else "") + "Gutschein ungültig"


@pytest.mark.parametrize("text", ["already redeemed", "code 201", "Invalid API key"])
def test_the_text_decides_nothing(text: str) -> None:
    with pytest.raises(Rejected) as caught:
        answer(error(202, text))
    assert type(caught.value) is Rejected


@pytest.mark.parametrize("others", [[], [202], [201], [201, 202, 210]])
@pytest.mark.parametrize("status", [200, 401, 403, 500])
def test_a_wrong_key_wins_over_everything(others: list[int], status: int) -> None:
    for codes in ([101, *others], [*others, 101], [*others, "101"]):
        with pytest.raises(AccountRefused) as caught:
            answer(*map(error, codes), data=DATA, status=status)
        assert (caught.value.code, caught.value.message) == ("101", "Uniqodo 101: invalid API key: Something")


def test_an_earlier_redemption_outweighs_other_errors() -> None:
    for codes in ((201, 202), (202, 201), (204, 210, 206)):
        with pytest.raises(AlreadyRedeemed):
            answer(*map(error, codes))


@pytest.mark.parametrize(
    "errors",
    [
        {"code": 204, "message": "no"},
        {"0": {"code": 204, "message": "no"}},
        [{"code": 204, "message": None}],
        [{"code": 204}],
        "204",
        ["no such code"],
        [{"message": "no code at all"}],
        [{"code": None}],
        [{"code": [204]}],
        [{"code": "9" * 5000}],
        [{"code": True}],
        True,
        7,
    ],
)
def test_errors_of_any_shape_are_errors(errors: object) -> None:
    envelope = {"result": "success", "data": DATA, "errors": errors}
    with pytest.raises(Rejected):
        UNIQODO.read(Answer(200, json.dumps(envelope).encode()))


@pytest.mark.parametrize("errors", [[], {}, None, "", ...])
def test_no_errors_in_any_shape_is_a_yes(errors: object) -> None:
    envelope = {"result": "success", "data": DATA} | ({} if errors is ... else {"errors": errors})
    assert UNIQODO.read(Answer(200, json.dumps(envelope).encode())).details["id"] == "1000001"


@pytest.mark.parametrize("data", [None, {}, [], "yes", 7, True])
def test_a_yes_without_data_is_ambiguous(data: object) -> None:
    with pytest.raises(Unanswered):
        answer(data=data)


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_an_outage_in_their_envelope_is_still_one(status: int) -> None:
    with pytest.raises(Unanswered):
        answer(error(status, "Service unavailable"), status=status)
    with pytest.raises(Unanswered):
        answer(status=status)


def test_429_is_transient_and_did_nothing() -> None:
    with pytest.raises(Declined):
        answer(status=429)
    with pytest.raises(Declined):
        answer(error(429), status=429)


@pytest.mark.parametrize("status", [200, 400, 403, 404, 500])
@pytest.mark.parametrize("body", [b"", b"<html>Bad gateway</html>", b'{"result":'])
def test_no_json_is_ambiguous(status: int, body: bytes) -> None:
    with pytest.raises(Unanswered):
        UNIQODO.read(Answer(status, body))


def test_a_receipt_is_short_and_plain() -> None:
    receipt = answer(data={"id": "x" * 5000, "redeemed_at": {"by": "jane@example.com"}})
    assert len(receipt.details["id"]) == 200
    assert "jane" not in receipt.details["redeemed_at"]
    assert answer(data={"id": None, "code": "A"}) == Receipt(200, {})
