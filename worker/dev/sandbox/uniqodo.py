"""Uniqodo's code redemption API, as documented: the envelope, its numeric errors, codes that work once."""

from __future__ import annotations

import itertools
import json
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from urllib.parse import unquote

from worker.dev.sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from worker.dev.sandbox.books import Books, Call
    from worker.dev.sandbox.policy import Policy

INVALID_KEY, ALREADY_REDEEMED, EXPIRED, NOT_RECOGNISED, EXHAUSTED, BAD_REQUEST, LIMIT = (
    101,
    201,
    202,
    204,
    206,
    209,
    210,
)
"""The documented codes. 209 exists but is unexplained; the sandbox gives it to calls that lack something."""

MESSAGES = {
    INVALID_KEY: "Invalid API key",
    ALREADY_REDEEMED: "This code has already been redeemed",
    EXPIRED: "This offer has expired",
    NOT_RECOGNISED: "This code is not recognised",
    EXHAUSTED: "There are no more codes available",
    BAD_REQUEST: "This code cannot be used",
    LIMIT: "This code has already been used 1 time",
}
_WORDS = {
    "REDEEMED": ALREADY_REDEEMED,
    "EXPIRED": EXPIRED,
    "UNKNOWN": NOT_RECOGNISED,
    "EXHAUSTED": EXHAUSTED,
    "ODD": BAD_REQUEST,
    "LIMIT": LIMIT,
}
_WORD = re.compile(rf"(?<![A-Z])(?:({'|'.join(_WORDS)})|ERR([0-9]{{3}}))(?![A-Z])", re.IGNORECASE | re.ASCII)
_DECIMAL = re.compile(r"[0-9]+(\.[0-9]+)?")
_REQUIRED = {
    "orderId": re.compile(r"(?s).*\S.*"),
    "orderValue": _DECIMAL,
    "discount": re.compile(rf"({_DECIMAL.pattern})?"),
    "currency": re.compile(r"[A-Z]{3}"),
}
_SEGMENTS = 5
_ids = itertools.count(1_000_001)


def read(call: Call) -> None:
    """Fills in what the books show of a call, as far as it can be read."""
    call.partner = "uniqodo"
    segments = call.path.partition("?")[0].split("/")
    call.account = unquote(segments[2]) if len(segments) > 2 else None  # noqa: PLR2004  # /redeem/{apiKey}
    call.code = unquote(segments[3]) if len(segments) == _SEGMENTS else None
    query = call.query
    call.order_id = query.get("orderId")
    call.order_value = query.get("orderValue")
    call.currency = query.get("currency")


def act(call: Call, books: Books, policy: Policy) -> Answer:
    """Answers a call and books it when the code is good and not used up."""
    if call.code is None:
        return Answer(404)
    if not policy.accepts_key(call.account or ""):
        return _error(policy, INVALID_KEY)
    query = call.query
    lacking = _lacking(query, policy)
    merchant = call.path.partition("?")[0].rpartition("/")[2]
    if lacking or not merchant.isdecimal():
        return _error(policy, BAD_REQUEST, f"Missing or malformed: {lacking or 'merchantId'}")
    named = named_error(call.code)
    if named is not None or not call.code.strip():
        return _error(policy, named or NOT_RECOGNISED)
    if books.commit(call, single_use=True) is None:
        return _error(policy, ALREADY_REDEEMED)
    return json_answer(200, {"result": "success", "data": _data(call, query, int(merchant)), "errors": []})


def named_error(code: str) -> int | None:
    """The error that a word in the code asks for, e.g. 202 for `EXPIRED-1`; no letter may touch the word."""
    match = _WORD.search(code)
    if match is None:
        return None
    return int(match[2]) if match[2] else _WORDS[match[1].upper()]


def _lacking(query: Mapping[str, str], policy: Policy) -> str | None:
    for name, rule in _REQUIRED.items():
        if name not in query or not rule.fullmatch(query[name]):
            return name
    return "valKey" if policy.require_validation_key and not query.get("valKey") else None


def _data(call: Call, query: Mapping[str, str], merchant: int) -> dict[str, object]:
    return {
        "id": next(_ids),
        "offer_id": 4711,
        "merchant_id": merchant,
        "distributor_id": 42,
        "code": call.code,
        "order_value": query["orderValue"],
        "order_id": query["orderId"],
        "currency": query["currency"],
        "client_user_agent": call.header("user-agent"),
        "custom_params": json.dumps(_custom_params(query)),
        "redeemed_at": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def _custom_params(query: Mapping[str, str]) -> dict[str, str]:
    """p1, p2, … up to the first gap: what comes after it is lost."""
    names = itertools.takewhile(query.__contains__, (f"p{n}" for n in itertools.count(1)))
    return {name: query[name] for name in names}


def _error(policy: Policy, number: int, message: str | None = None) -> Answer:
    error = {
        "code": str(number) if policy.error_code_as_text else number,
        "message": message or MESSAGES.get(number, "Something is wrong with this code"),
        "promotion_specific_error": None,
    }
    return json_answer(policy.error_status, {"result": "success", "data": None, "errors": [error]})
