"""Both partner APIs, to the letter of what the partners document."""

from __future__ import annotations

import json
from datetime import datetime

import pytest

from tests.dev.partner_calls import PARAMETERS, ask, sovendus, sovendus_with, uniqodo, uniqodo_path, uniqodo_path_with
from worker.dev.sandbox import Sandbox

MEDIUM = "9c3a3a3e-6f7e-4f0a-8d5c-0a8f3b1c2d4e"
FULL = {
    "order_value": "12.34",
    "order_currency": "EUR",
    "email_hash": "1d94e91aafaebd74135e7b9195045bf5",
    "traffic_medium_public_id": MEDIUM,
}


@pytest.mark.parametrize("fields", [{}, FULL, {"order_value": "0.00", "order_currency": "CHF"}])
def test_sovendus_receives(sandbox: Sandbox, fields: dict[str, str]) -> None:
    reply = sovendus_with(sandbox, {"coupon_code": "SKDXXR4324", "order_id": "145789", **fields})
    assert reply.status == 200
    assert reply.body == b'{"message":"Coupon redemption received."}'
    assert reply.headers["Content-Type"] == "application/json"
    [booked] = sandbox.redemptions()
    assert (booked.partner, booked.account, booked.order_id, booked.code, booked.commits) == (
        "sovendus",
        "4711",
        "145789",
        "SKDXXR4324",
        1,
    )
    assert (booked.order_value, booked.currency) == (fields.get("order_value"), fields.get("order_currency"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"coupon_code": ""},
        {"coupon_code": "  "},
        {"coupon_code": None},
        {"coupon_code": 12},
        {"order_id": ""},
        {"order_id": 145789},
        {"order_value": 12.34},
        {"order_value": "12,34"},
        {"order_value": "12.3"},
        {"order_value": "-1.00"},
        {"order_value": None},
        {"order_currency": "eur"},
        {"order_currency": "€"},
        {"email_hash": FULL["email_hash"].upper()},
        {"email_hash": "test.001@sovendus.de"},
        {"traffic_medium_public_id": "5"},
        {"traffic_medium_public_id": ""},
    ],
    ids=str,
)
def test_sovendus_refuses_without_naming_the_field(sandbox: Sandbox, wrong: dict[str, object]) -> None:
    reply = sovendus_with(sandbox, {"coupon_code": "A", "order_id": "1", **FULL, **wrong})
    assert (reply.status, reply.body) == (422, b'{"error":"Input validation failed."}')
    assert sandbox.redemptions() == []
    [call] = sandbox.calls()
    assert (call.status, call.committed) == (422, False)


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b"\xff", b'{"order_id":"1"}'])
def test_sovendus_refuses_what_is_no_redemption(sandbox: Sandbox, body: bytes) -> None:
    reply = ask(sandbox, "POST", "/redeem/4711", body, {"Content-Type": "application/json"})
    assert (reply.status, reply.json) == (422, {"error": "Input validation failed."})


def test_sovendus_takes_json_only(sandbox: Sandbox) -> None:
    body = b'{"coupon_code":"A"}'
    assert ask(sandbox, "POST", "/redeem/4711", body, {"Content-Type": "text/plain"}).status == 422
    assert ask(sandbox, "POST", "/redeem/4711", body).status == 422
    with_charset = {"content-type": "application/json; charset=utf-8"}
    assert ask(sandbox, "POST", "/redeem/4711", body, with_charset).status == 200


@pytest.mark.parametrize("number", ["abc", "", "12a", "1/2", "%31"])
def test_sovendus_malformed_number_is_404_without_a_body(sandbox: Sandbox, number: str) -> None:
    reply = sovendus(sandbox, "A", number)
    assert (reply.status, reply.body) == (404, b"")
    assert sandbox.redemptions() == []


def test_sovendus_wrong_ids_are_500(sandbox: Sandbox) -> None:
    sandbox.configure(wrong_ids=["1234", MEDIUM])
    for reply in (sovendus(sandbox, "A", "1234"), sovendus(sandbox, "A", traffic_medium_public_id=MEDIUM)):
        assert (reply.status, reply.body) == (500, b'{"error":"Internal error"}')
    assert sovendus(sandbox, "A", "9999").status == 200
    assert [call.committed for call in sandbox.calls()] == [False, False, True]


def test_sovendus_books_every_call(sandbox: Sandbox) -> None:
    for value in ("1.00", "2.00"):
        assert sovendus(sandbox, "Abc" if value == "1.00" else "aBC", order_value=value).status == 200
    [double] = sandbox.doubled()
    assert (double.commits, double.order_values, double.order_value) == (2, ["1.00", "2.00"], "1.00")


def test_uniqodo_redeems(sandbox: Sandbox) -> None:
    reply = uniqodo(sandbox, "AB 12/ü+%", p1="electricals", p2="", p3="UK", p5="lost", discount="50.95")
    assert reply.status == 200
    envelope = reply.json
    data = envelope.pop("data")
    assert envelope == {"result": "success", "errors": []}
    assert datetime.strptime(data.pop("redeemed_at"), "%Y-%m-%dT%H:%M:%S%z").tzinfo is not None
    assert isinstance(data.pop("id"), int)
    assert json.loads(data.pop("custom_params")) == {"p1": "electricals", "p2": "", "p3": "UK"}
    assert data == {
        "offer_id": 4711,
        "merchant_id": 17,
        "distributor_id": 42,
        "code": "AB 12/ü+%",
        "order_value": "219.99",
        "order_id": "145789",
        "currency": "GBP",
        "client_user_agent": None,
    }
    [booked] = sandbox.redemptions(partner="uniqodo", account="k1", order_id="145789")
    assert (booked.code, booked.order_value, booked.currency, booked.commits) == (
        "AB 12/ü+%",
        "219.99",
        "GBP",
        1,
    )


def test_uniqodo_code_works_once_whatever_its_case_and_order(sandbox: Sandbox) -> None:
    assert uniqodo(sandbox, "AB12E3GH").error is None
    again = uniqodo(sandbox, "ab12e3gh", orderId="2")
    assert (again.status, again.error, again.json["data"]) == (200, 201, None)
    assert [booked.commits for booked in sandbox.redemptions()] == [1]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("A-REDEEMED", 201),
        ("expired1", 202),
        ("UNKNOWN", 204),
        ("7-EXHAUSTED-7", 206),
        ("ODD", 209),
        ("LIMIT-3", 210),
        ("A-ERR350", 350),
        (" ", 204),
        ("GOODDEAL", None),
        ("UNLIMITED", None),
    ],
)
def test_uniqodo_errors_by_word(sandbox: Sandbox, code: str, error: int | None) -> None:
    reply = uniqodo(sandbox, code)
    assert (reply.status, reply.error) == (200, error)
    assert sandbox.calls()[0].committed is (error is None)
    if error:
        [entry] = reply.json["errors"]
        assert entry["message"]
        assert entry["promotion_specific_error"] is None


@pytest.mark.parametrize("name", ["orderId", "orderValue", "discount", "currency"])
def test_uniqodo_lacking_parameter_is_an_error(sandbox: Sandbox, name: str) -> None:
    others = {key: value for key, value in PARAMETERS.items() if key != name}
    reply = ask(sandbox, "GET", uniqodo_path_with(others, "A"))
    assert reply.error == 209
    assert name in reply.json["errors"][0]["message"]
    assert sandbox.redemptions() == []


@pytest.mark.parametrize("change", [{"orderValue": "1,5"}, {"currency": "£"}, {"discount": "x"}, {"orderId": ""}])
def test_uniqodo_malformed_parameter_is_an_error(sandbox: Sandbox, change: dict[str, str]) -> None:
    assert ask(sandbox, "GET", uniqodo_path_with({**PARAMETERS, **change}, "A")).error == 209


def test_uniqodo_merchant_is_a_number(sandbox: Sandbox) -> None:
    assert ask(sandbox, "GET", uniqodo_path("A", merchant="shop")).error == 209


def test_uniqodo_keys(sandbox: Sandbox) -> None:
    assert uniqodo(sandbox, "A", "wrong-key").error == 101
    assert uniqodo(sandbox, "A", "k1").error is None
    sandbox.configure(accepted_keys=["wrong-key"])
    assert uniqodo(sandbox, "B", "k1").error == 101
    assert uniqodo(sandbox, "B", "wrong-key").error is None


def test_uniqodo_wording_can_be_changed(sandbox: Sandbox) -> None:
    sandbox.configure(error_status=404, error_code_as_text=True, require_validation_key=True)
    reply = uniqodo(sandbox, "A")
    assert (reply.status, reply.error) == (404, "209")
    assert uniqodo(sandbox, "A", valKey="f458").error is None


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/redeem/k1/A/B/17"), ("GET", "/redeem/k1"), ("PUT", "/redeem/1"), ("GET", "/other")],
)
def test_what_is_no_partners_path_is_404_and_still_in_the_books(sandbox: Sandbox, method: str, path: str) -> None:
    assert ask(sandbox, method, path).status == 404
    [call] = sandbox.calls()
    assert (call.method, call.path, call.status, call.committed) == (method, path, 404, False)
