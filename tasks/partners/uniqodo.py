"""Uniqodo's code redemption API: `GET /redeem/{apiKey}/{code}/{merchantId}?…`, a GET that acts.

Answers are decided by their `errors`, whatever the HTTP status, and those by their numeric code: texts are localised.
Only a yes is asked whose it is, by the order and the code that it repeats. `data` beside errors is not looked at: with
"already redeemed" it may well be the order that the code was redeemed with.
The URL holds the API key and may hold personal data: nothing here puts it into a text.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Final
from urllib.parse import quote

from pydantic import Field, SecretStr
from typing_extensions import override

from config.accounts import AccountSettings
from tasks.errors import AccountRefused, AlreadyRedeemed, Incomplete, Rejected, Unanswered
from tasks.money import to_cents
from tasks.partners.base import Answer, Partner, Receipt, Request, read_object, read_transient_status, told
from tasks.redemption import Redemption

_INVALID_KEY: Final = "101"
_ALREADY_REDEEMED: Final = {"201", "210"}
_MEANINGS: Final = {
    "101": "invalid API key",
    "201": "code already redeemed",
    "202": "offer expired",
    "204": "code not recognised",
    "206": "no more codes",
    "210": "code used the allowed number of times",
}
# Application codes are three digits from 100; an HTTP status repeated in the envelope (503 in a 503) is none of them.
_APPLICATION_CODES: Final = range(100, 400)
_CODE: Final = re.compile(r"[\w.-]{1,20}", re.ASCII)
_NO_CODE: Final = "none"
_DOT_SEGMENTS: Final = {".", ".."}
_RECEIPT_FIELDS: Final = ("id", "redeemed_at")
_HEADERS: Final = {"Accept": "application/json"}


class UniqodoAccount(AccountSettings):
    """A shop's account. `send_uid` allows the customer's identifier to be kept and sent as `uid`."""

    api_key: Annotated[SecretStr, Field(min_length=1)]
    merchant_id: Annotated[int, Field(ge=0, lt=10**12)]
    require_validation_key: bool = False
    send_uid: bool = False


class Uniqodo(Partner[UniqodoAccount]):
    """See the module."""

    name: ClassVar[str] = "uniqodo"
    base_url: ClassVar[str] = "https://api.uniqodo.com"
    account_model = UniqodoAccount

    @override
    def minimise(self, redemption: Redemption, account: UniqodoAccount) -> Redemption:
        return redemption if account.send_uid else redemption.without_customer_id()

    @override
    def require(self, redemption: Redemption, account: UniqodoAccount) -> None:
        if redemption.order_value is None:
            raise Incomplete("order_value is missing: Uniqodo needs it")
        if redemption.currency is None:
            raise Incomplete("currency is missing: Uniqodo needs it")
        if account.require_validation_key and redemption.validation_key is None:
            raise Incomplete("validation_key is missing: the shop's settings require it (REQUIRE_VALIDATION_KEY)")
        if redemption.code in _DOT_SEGMENTS:
            raise Incomplete(f'code is "{redemption.code}", which no URL path can carry')

    @override
    def remark(self, redemption: Redemption) -> str | None:
        return "sent without valKey: the event has no validation_key" if redemption.validation_key is None else None

    @override
    def request(self, redemption: Redemption, account: UniqodoAccount) -> Request:
        path = "/".join(
            _encode(part) for part in (account.api_key.get_secret_value(), redemption.code, str(account.merchant_id))
        )
        query = {
            "orderId": redemption.order_id,
            "orderValue": f"{redemption.order_value:.2f}",
            # An empty string when there was none, as the partner asks.
            "discount": "" if redemption.discount is None else f"{to_cents(redemption.discount)}",
            "currency": redemption.currency,
            "valKey": redemption.validation_key,
            "source": redemption.source,
            "uid": redemption.customer_id if account.send_uid else None,
            # A gap in p1…pN loses the rest, so an empty one is sent empty.
            **{f"p{number}": value for number, value in enumerate(redemption.params, start=1)},
        }
        pairs = "&".join(f"{name}={_encode(value)}" for name, value in query.items() if value is not None)
        return Request(method="GET", target=f"/redeem/{path}?{pairs}", headers=_HEADERS)

    @override
    def read(self, answer: Answer) -> Receipt:
        envelope = read_object(answer.body)
        errors = _errors(envelope)
        decided = [error for error in errors if _is_application_code(error[0])]
        if not decided:
            read_transient_status(answer)
        for code, text in sorted(decided or errors, key=_weight):
            raise _error(code, text, answer.status)
        data = envelope.get("data") if envelope else None
        if envelope is None or not isinstance(data, dict) or not data:
            raise Unanswered(f"HTTP {answer.status} with an unreadable body", status=answer.status)
        return Receipt(
            status=answer.status,
            details={name: told(data[name]) for name in _RECEIPT_FIELDS if data.get(name) is not None},
            order_id=data.get("order_id"),
            code=data.get("code"),
        )


def _encode(part: str) -> str:
    return quote(part, safe="")


def _errors(envelope: dict[str, Any] | None) -> list[tuple[str, str]]:
    """The errors as (code, text). Whatever stands under `errors` is one, unless it is empty: a yes has none."""
    listed = envelope.get("errors") if envelope else None
    if not listed:
        return []
    if isinstance(listed, dict):  # one error, or a list that PHP has written as an object
        listed = [listed] if "code" in listed else list(listed.values())
    return [_error_parts(entry) for entry in (listed if isinstance(listed, list) else [listed])]


def _error_parts(entry: object) -> tuple[str, str]:
    if not isinstance(entry, dict):
        return _NO_CODE, told(entry)
    code = entry.get("code")
    if isinstance(code, float) and code.is_integer():
        code = int(code)
    word = str(code).strip()
    return word if _CODE.fullmatch(word) and code is not None else _NO_CODE, told(entry.get("message") or "")


def _is_application_code(code: str) -> bool:
    return code.isdecimal() and int(code) in _APPLICATION_CODES


def _weight(error: tuple[str, str]) -> int:
    """A wrong key says nothing about the order, whatever else is said; an earlier redemption outweighs the rest."""
    code, _ = error
    return 0 if code == _INVALID_KEY else 1 if code in _ALREADY_REDEEMED else 2


def _error(code: str, text: str, status: int) -> AccountRefused | Rejected:
    meaning = ": ".join(part for part in (_MEANINGS.get(code, ""), text) if part)
    message = f"Uniqodo {code}" + (f": {meaning}" if meaning else "")
    if code == _INVALID_KEY:
        return AccountRefused(message, code=code, status=status)
    kind = AlreadyRedeemed if code in _ALREADY_REDEEMED else Rejected
    return kind(message, code=code, status=status)
