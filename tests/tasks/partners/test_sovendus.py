"""Sovendus' coupon redemption API to the letter."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from tasks.errors import Declined, Incomplete, Rejected, Unanswered
from tasks.partners.base import Answer, Receipt, Request
from tasks.partners.sovendus import Sovendus
from tests.tasks.examples import MEDIUM, account, redemption

SOVENDUS = Sovendus()


def request(account_changes: dict[str, object] | None = None, **changes: Any) -> Request:  # noqa: ANN401 - any field
    return SOVENDUS.request(redemption("sovendus", **changes), account("sovendus", **(account_changes or {})))


def body(sent: Request) -> dict[str, Any]:
    found = json.loads(sent.body or b"")
    assert isinstance(found, dict)
    return found


def read(status: int, content: bytes) -> Receipt:
    return SOVENDUS.read(Answer(status, content))


def test_the_bytes() -> None:
    sent = request()
    assert (sent.method, sent.target, sent.headers) == ("POST", "/redeem/4711", {"Content-Type": "application/json"})
    assert sent.body == (
        b'{"coupon_code": "AB12E3GH", "order_id": "145789", "order_value": "219.99", "order_currency": "GBP", '
        b'"email_hash": "1d94e91aafaebd74135e7b9195045bf5", '
        b'"traffic_medium_public_id": "6ba7b810-9dad-11d1-80b4-00c04fd430c8"}'
    )


def test_absent_fields_are_absent() -> None:
    bare = request(
        {"traffic_medium_public_id": ...}, order_value=None, currency=None, email_hash=None, validation_key=None
    )
    assert bare.body == b'{"coupon_code": "AB12E3GH", "order_id": "145789"}'


def test_nothing_of_uniqodos_goes_out() -> None:
    assert set(body(request())) == {
        "coupon_code", "order_id", "order_value", "order_currency", "email_hash", "traffic_medium_public_id",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "written"), [("0.00", "0.00"), ("0", "0.00"), ("12.3", "12.30"), ("1000000.00", "1000000.00")]
)
def test_a_value_is_a_string_with_two_decimals_and_zero_is_one(value: str, written: str) -> None:
    assert body(request(order_value=Decimal(value)))["order_value"] == written


@pytest.mark.parametrize("code", ["/+% ü\"\\'", "ÄÖ", "a b", "<script>", "{}", "😀"])
def test_a_code_goes_out_as_it_was_stored(code: str) -> None:
    sent = request(code=code)
    assert body(sent)["coupon_code"] == code
    assert sent.target == "/redeem/4711"


@pytest.mark.parametrize("number", ["4711", 4711, " 4711 "])
def test_the_source_number_is_a_number(number: object) -> None:
    assert request({"traffic_source_number": number}).target == "/redeem/4711"


@pytest.mark.parametrize("wrong", ["", "47a", "-1", "4 7", "٤٧", "47/11", True, 1.5, None])
def test_any_other_source_number_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError):
        account("sovendus", traffic_source_number=wrong)


@pytest.mark.parametrize(
    "written",
    [MEDIUM, MEDIUM.upper(), f" {MEDIUM} ", MEDIUM.replace("-", ""), f"{{{MEDIUM}}}", f"urn:uuid:{MEDIUM}"],
)
def test_the_medium_id_is_a_uuid_in_one_spelling(written: str) -> None:
    assert body(request({"traffic_medium_public_id": written}))["traffic_medium_public_id"] == MEDIUM


@pytest.mark.parametrize("wrong", ["7", 7, "", "traffic", MEDIUM[:-1], MEDIUM + "0"])
def test_the_numeric_medium_number_is_refused(wrong: object) -> None:
    with pytest.raises(ValidationError) as caught:
        account("sovendus", traffic_medium_public_id=wrong)
    assert "must be a UUID" in str(caught.value)


@pytest.mark.parametrize(
    ("settings", "missing", "named"),
    [
        ({"billing": "percentage"}, {"order_value": None}, "order_value"),
        ({"billing": "percentage"}, {"currency": None}, "currency"),
        ({"require_email_hash": True}, {"email_hash": None}, "email_hash"),
        ({"require_traffic_medium_public_id": True, "traffic_medium_public_id": ...}, {}, "traffic_medium_public_id"),
    ],
)
def test_what_the_contract_with_sovendus_needs(
    settings: dict[str, object], missing: dict[str, object], named: str
) -> None:
    SOVENDUS.require(redemption("sovendus", **missing), account("sovendus"))  # needed by default is none of it
    SOVENDUS.require(redemption("sovendus"), account("sovendus", **settings | {"traffic_medium_public_id": MEDIUM}))
    with pytest.raises(Incomplete, match=f"^{named} is missing"):
        SOVENDUS.require(redemption("sovendus", **missing), account("sovendus", **settings))


def test_zero_is_no_missing_value() -> None:
    SOVENDUS.require(redemption("sovendus", order_value=Decimal("0.00")), account("sovendus", billing="percentage"))


def test_received() -> None:
    assert read(200, b'{"message":"Coupon redemption received."}') == Receipt(
        200, {"message": "Coupon redemption received."}
    )


def test_422_is_a_no_that_names_no_field() -> None:
    with pytest.raises(Rejected) as caught:
        read(422, b'{"error":"Input validation failed."}')
    assert (caught.value.code, caught.value.status, caught.value.reason) == ("422", 422, "rejected")
    assert str(caught.value) == "HTTP 422: Input validation failed. (Sovendus does not say which field)"


def test_404_is_a_matter_of_settings() -> None:
    with pytest.raises(Rejected, match="TRAFFIC_SOURCE_NUMBER") as caught:
        read(404, b"")
    assert caught.value.status == 404


def test_500_is_transient_and_an_operator_hears_both_meanings() -> None:
    with pytest.raises(Unanswered):
        read(500, b'{"error":"Internal error"}')
    assert SOVENDUS.never_answered == "outage, or wrong trafficSourceNumber / traffic_medium_public_id"


@pytest.mark.parametrize("status", [502, 503, 504])
def test_an_outage_is_transient(status: int) -> None:
    with pytest.raises(Unanswered):
        read(status, b"")


def test_429_is_transient_and_did_nothing() -> None:
    with pytest.raises(Declined):
        read(429, b"")


@pytest.mark.parametrize("status", [400, 401, 403, 405, 409, 410, 413, 415, 418, 451])
def test_other_4xx_are_permanent(status: int) -> None:
    with pytest.raises(Rejected) as caught:
        read(status, b"<html>")
    assert (caught.value.code, str(caught.value)) == (str(status), f"HTTP {status}")


@pytest.mark.parametrize("content", [b"", b"<html>", b'{"error":"No"}', b'{"message":null}', b'{"message":1}'])
@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_yes_that_cannot_be_read_is_ambiguous(status: int, content: bytes) -> None:
    with pytest.raises(Unanswered, match="unreadable"):
        read(status, content)
