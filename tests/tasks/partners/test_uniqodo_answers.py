"""Uniqodo's answers: decided by their errors, whatever the HTTP status."""

from __future__ import annotations

import json

import pytest

from tasks.errors import AccountRefused, AlreadyRedeemed, Declined, Rejected, Unanswered
from tasks.partners.base import Answer, Receipt
from tasks.partners.uniqodo import Uniqodo

UNIQODO = Uniqodo()
DATA = {
    "id": 1000001, "offer_id": 4711, "merchant_id": 17, "distributor_id": 42, "code": "AB12E3GH",
    "order_value": "219.99", "order_id": "145789", "currency": "GBP", "client_user_agent": "redeem/1",
    "custom_params": '{"p1":"a"}', "redeemed_at": "2026-11-21T20:15:03+0000",
}  # fmt: skip


def answer(*errors: object, data: object = None, status: int = 200) -> Receipt:
    envelope = {"result": "success", "data": data, "errors": list(errors)}
    return UNIQODO.read(Answer(status, json.dumps(envelope).encode()))


def error(code: object, message: str = "Something") -> dict[str, object]:
    return {"code": code, "message": message, "promotion_specific_error": None}


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


@pytest.mark.parametrize("code", [201, 204])
def test_errors_decide_whatever_order_stands_beside_them(code: int) -> None:
    with pytest.raises(Rejected) as caught:
        answer(error(code), data=DATA | {"order_id": "of somebody else", "code": "OTHER"})
    assert caught.value.code == str(code)
