"""The schemas of the door's OpenAPI document: the event, what is answered, and the ways to be known."""

from __future__ import annotations

from typing import Any, Final

from tasks.events import event_schema
from tasks.ledger.record import State

BATCH_EXAMPLE: Final = [
    {"order_id": "145790", "coupons": [{"code": "SKDXXR4325"}]},
    {"order_id": "145791"},
]
"""Two small events."""


def schemas() -> dict[str, Any]:
    """The document's components, by their names."""
    event = event_schema()
    coupon = event.pop("$defs")["Coupon"]
    event.pop("$schema")
    event["properties"]["coupons"] = _with_refs(event["properties"]["coupons"])
    event["properties"]["shop"].pop("default", None)
    event["properties"]["shop"]["description"] = "may be left out: the token says it"
    event["examples"] = [EVENT_EXAMPLE]
    return {"OrderEvent": event, "Coupon": coupon, **_ANSWERS}


def _with_refs(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with references into the document's components instead of the schema's own definitions."""
    if isinstance(value, dict):
        return {name: _with_refs(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_refs(member) for member in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value


EVENT_EXAMPLE: Final = {
    "order_id": "145789",
    "completed_at": "2026-11-21T20:15:00Z",
    "order_value": "219.99",
    "currency": "GBP",
    "coupons": [{"code": "SKDXXR4324"}],
}
_PROBLEM: Final = {
    "type": "urn:redeem:problem:invalid-event",
    "title": "Not valid",
    "status": 422,
    "detail": "Nothing was taken: of the events sent, all are journaled or none. Mend what errors names.",
    "errors": [{"path": "$[1].coupons[0].code", "message": "required", "event": 1}],
}
_TEXT: Final = {"type": "string"}
_MAYBE_TEXT: Final = {"type": ["string", "null"]}
_ANSWERS: Final[dict[str, Any]] = {
    "Accepted": {
        "type": "object",
        "required": ["accepted"],
        "additionalProperties": False,
        "properties": {
            "accepted": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["order_id", "redemptions"],
                    "additionalProperties": False,
                    "properties": {
                        "order_id": _TEXT,
                        "redemptions": {
                            "type": "array",
                            "items": _TEXT,
                            "description": "the ids of its redemptions; empty where no code is a partner's",
                        },
                    },
                },
            }
        },
        "examples": [{"accepted": [{"order_id": "145789", "redemptions": ["sovendus:uk:145789:SKDXXR4324"]}]}],
    },
    "Redemption": {
        "type": "object",
        "required": [
            "id",
            "partner",
            "shop",
            "order_id",
            "code",
            "state",
            "attempts",
            "order_value",
            "currency",
            "completed_at",
            "reported_at",
            "reason",
            "error_code",
            "error_message",
            "receipt",
        ],
        "properties": {
            "id": _TEXT,
            "partner": _TEXT,
            "shop": _TEXT,
            "order_id": _TEXT,
            "code": _TEXT,
            "state": {"enum": [state.value for state in State]},
            "attempts": {"type": "integer", "minimum": 0},
            "order_value": _MAYBE_TEXT | {"description": "net of VAT and shipping"},
            "currency": _MAYBE_TEXT,
            "completed_at": _MAYBE_TEXT | {"format": "date-time"},
            "reported_at": _MAYBE_TEXT | {"format": "date-time", "description": "when the partner said yes"},
            "reason": _MAYBE_TEXT | {"description": "why it is a dead letter"},
            "error_code": _MAYBE_TEXT,
            "error_message": _MAYBE_TEXT,
            "receipt": {"type": ["object", "null"], "description": "what the partner answered"},
        },
    },
    "Problem": {
        "type": "object",
        "description": "Problem details (RFC 9457).",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": _TEXT | {"format": "uri"},
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "errors": {
                "type": "array",
                "description": "what is wrong where, never with a value; the first 50",
                "items": {
                    "type": "object",
                    "required": ["path", "message"],
                    "properties": {
                        "path": _TEXT | {"description": "JSONPath (RFC 9535) from the body's root"},
                        "message": _TEXT,
                        "event": {"type": "integer", "description": "which event of a batch, counted from 0"},
                        "line": {"type": "integer", "description": "which line of JSON Lines, counted from 1"},
                    },
                },
            },
            "more": {"type": "integer", "description": "errors beyond those told"},
        },
        "examples": [_PROBLEM],
    },
}
SECURITY: Final[dict[str, Any]] = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "The shop's token, REDEEM_SHOPS__<SHOP>__TOKEN.",
    },
    "webhookId": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-id",
        "description": "Standard Webhooks 1.0.0: the message's id. The three headers go together.",
    },
    "webhookTimestamp": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-timestamp",
        "description": "Standard Webhooks: seconds since 1970, within five minutes of now.",
    },
    "webhookSignature": {
        "type": "apiKey",
        "in": "header",
        "name": "webhook-signature",
        "description": "Standard Webhooks: v1, and base64 of HMAC-SHA256 over id.timestamp.body with "
        "REDEEM_SHOPS__<SHOP>__WEBHOOK_SECRET; several between blanks.",
    },
    "wooCommerce": {
        "type": "apiKey",
        "in": "header",
        "name": "x-wc-webhook-signature",
        "description": "WooCommerce: base64 of HMAC-SHA256 over the body with REDEEM_SHOPS__<SHOP>__WEBHOOK_SECRET.",
    },
    "shopify": {
        "type": "apiKey",
        "in": "header",
        "name": "x-shopify-hmac-sha256",
        "description": "Shopify: the same in its own header.",
    },
    "shopware": {
        "type": "apiKey",
        "in": "header",
        "name": "shopware-shop-signature",
        "description": "Shopware: HMAC-SHA256 over the body in hexadecimal, with the secret of its app's registration.",
    },
}
