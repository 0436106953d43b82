"""Sovendus' coupon redemption API: `POST /redeem/{trafficSourceNumber}`, JSON, no authentication.

Billing is by these calls. No id comes back, so the receipt is the status, the text and our own time; nor does an answer
repeat order or code, so whose it is follows from the connection alone (`tasks.partner_connection`).
"""

from __future__ import annotations

import json
from typing import Annotated, ClassVar, Final, Literal
from uuid import UUID

from pydantic import BeforeValidator
from typing_extensions import override

from config.accounts import AccountSettings
from tasks.errors import Incomplete, Rejected, Unanswered
from tasks.partners.base import Answer, Partner, Receipt, Request, read_object, read_transient_status, told
from tasks.redemption import Redemption

_UNPROCESSABLE: Final = 422
_NOT_FOUND: Final = 404
_HEADERS: Final = {"Content-Type": "application/json"}
_ENCODE: Final = json.JSONEncoder(ensure_ascii=False).encode  # json.dumps would make an encoder for each call


def _source_number(value: object) -> object:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdecimal()):
        raise ValueError("must be a number, the trafficSourceNumber")
    return text


def _medium_id(value: object) -> object:
    try:
        return str(UUID(str(value).strip()))
    except ValueError:
        raise ValueError(
            "must be a UUID; the numeric trafficMediumNumber of the browser integration is something else"
        ) from None  # the cause repeats the value


class SovendusAccount(AccountSettings):
    """A shop's account: one traffic source number per country and language is usual."""

    traffic_source_number: Annotated[str, BeforeValidator(_source_number)]
    traffic_medium_public_id: Annotated[str, BeforeValidator(_medium_id)] | None = None
    billing: Literal["fixed", "percentage"] = "fixed"
    require_email_hash: bool = False
    require_traffic_medium_public_id: bool = False


class Sovendus(Partner[SovendusAccount]):
    """See the module."""

    name: ClassVar[str] = "sovendus"
    base_url: ClassVar[str] = "https://coupon-api.sovendus.com"
    account_model = SovendusAccount
    # A wrong but well-formed number or id is answered with the same 500 as a fault of theirs.
    never_answered: ClassVar[str] = "outage, or wrong trafficSourceNumber / traffic_medium_public_id"

    @override
    def require(self, redemption: Redemption, account: SovendusAccount) -> None:
        if account.billing == "percentage":
            if redemption.order_value is None:
                raise Incomplete("order_value is missing: Sovendus needs it under percentage billing")
            if redemption.currency is None:
                raise Incomplete("currency is missing: Sovendus needs it under percentage billing")
        if account.require_email_hash and redemption.email_hash is None:
            raise Incomplete("email_hash is missing: the shop's settings require it (REQUIRE_EMAIL_HASH)")
        if account.require_traffic_medium_public_id and account.traffic_medium_public_id is None:
            raise Incomplete(
                "traffic_medium_public_id is missing: the shop's settings require it "
                "(REQUIRE_TRAFFIC_MEDIUM_PUBLIC_ID) and do not set it (TRAFFIC_MEDIUM_PUBLIC_ID)"
            )

    @override
    def request(self, redemption: Redemption, account: SovendusAccount) -> Request:
        fields = {
            "coupon_code": redemption.code,
            "order_id": redemption.order_id,
            # Zero is a real value, a 100 % discount; only what is absent is left out, for null and "" are refused.
            "order_value": None if redemption.order_value is None else f"{redemption.order_value:.2f}",
            "order_currency": redemption.currency,
            "email_hash": redemption.email_hash,
            "traffic_medium_public_id": account.traffic_medium_public_id,
        }
        present = {name: value for name, value in fields.items() if value is not None}
        return Request(
            method="POST",
            target=f"/redeem/{account.traffic_source_number}",
            headers=_HEADERS,
            body=_ENCODE(present).encode(),
        )

    @override
    def read(self, answer: Answer) -> Receipt:
        read_transient_status(answer)
        if answer.status == _NOT_FOUND:
            raise Rejected("HTTP 404: the traffic source number is malformed (TRAFFIC_SOURCE_NUMBER)", status=404)
        if answer.status >= 400:  # noqa: PLR2004 - RFC 9110 §15: the client's fault
            text = _text(answer.body, "error")
            described = f"HTTP {answer.status}" + (f": {text}" if text else "")
            if answer.status == _UNPROCESSABLE:
                described += " (Sovendus does not say which field)"
            raise Rejected(described, code=str(answer.status), status=answer.status)
        message = _text(answer.body, "message")
        if message is None:
            raise Unanswered(f"HTTP {answer.status} with an unreadable body", status=answer.status)
        return Receipt(status=answer.status, details={"message": message})


def _text(body: bytes, name: str) -> str | None:
    """The text under `name` in a JSON object; None where there is no such thing."""
    document = read_object(body)
    value = document.get(name) if document else None
    return told(value) if isinstance(value, str) else None
