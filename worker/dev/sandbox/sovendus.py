"""Sovendus' coupon redemption API, as documented: four answers, and the wrong field is never named."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from worker.dev.sandbox.wire import Answer, json_answer

if TYPE_CHECKING:
    from worker.dev.sandbox.books import Books, Call
    from worker.dev.sandbox.policy import Policy

RECEIVED = json_answer(200, {"message": "Coupon redemption received."})
INVALID = json_answer(422, {"error": "Input validation failed."})
INTERNAL = json_answer(500, {"error": "Internal error"})
MALFORMED_NUMBER = Answer(404)

_NUMBER = re.compile(r"[0-9]+")
_OPTIONAL_FIELDS = {
    "order_id": re.compile(r"(?s).*\S.*"),
    "order_value": re.compile(r"[0-9]+\.[0-9]{2}"),
    "order_currency": re.compile(r"[A-Z]{3}"),
    "email_hash": re.compile(r"[0-9a-f]{32}"),
    "traffic_medium_public_id": re.compile(r"(?i)[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"),
}


def read(call: Call) -> None:
    """Fills in what the books show of a call, as far as it can be read."""
    call.partner = "sovendus"
    call.account = call.path.partition("?")[0].removeprefix("/redeem/")
    fields = _fields(call)
    call.code = _text(fields, "coupon_code")
    call.order_id = _text(fields, "order_id")
    call.order_value = _text(fields, "order_value")
    call.currency = _text(fields, "order_currency")


def act(call: Call, books: Books, policy: Policy) -> Answer:
    """Answers a call and books it when it is received. No code is single-use here: every 200 is a booking."""
    if not _NUMBER.fullmatch(call.account or ""):
        return MALFORMED_NUMBER
    fields = _fields(call)
    if not _valid(call, fields):
        return INVALID
    if call.account in policy.wrong_ids or fields.get("traffic_medium_public_id") in policy.wrong_ids:
        return INTERNAL
    books.commit(call)
    return RECEIVED


def _valid(call: Call, fields: dict[str, Any]) -> bool:
    if (call.header("content-type") or "").partition(";")[0].strip().lower() != "application/json":
        return False
    if not (call.code or "").strip():
        return False
    return all(
        isinstance(fields[name], str) and rule.fullmatch(fields[name])
        for name, rule in _OPTIONAL_FIELDS.items()
        if name in fields
    )


def _fields(call: Call) -> dict[str, Any]:
    try:
        fields = json.loads(call.body)
    except ValueError:  # neither JSON nor UTF-8: there are no fields, which is answered as invalid
        return {}
    return fields if isinstance(fields, dict) else {}


def _text(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    return value if isinstance(value, str) else None
