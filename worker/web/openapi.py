"""The door's OpenAPI document: what the code says of itself, and what FastAPI cannot know since bodies are read raw."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from tasks.events import event_schema
from tasks.ledger.record import State
from worker.web.problems import MEDIA_TYPE

TITLE: Final = "Redeem"
VERSION: Final = "1"
_DESCRIPTION: Final = (
    "Takes completed orders of shops, so that the partners whose voucher codes they used are told. "
    "An answer 202 means: journaled, and reported however long that takes."
)

BEARER: Final[dict[str, list[str]]] = {"token": []}
VENDORS: Final[list[dict[str, list[str]]]] = [{"wooCommerce": []}, {"shopify": []}, {"shopware": []}]
"""The signatures of shop systems' webhooks."""
SIGNED: Final[dict[str, list[str]]] = {"webhookId": [], "webhookTimestamp": [], "webhookSignature": []}
_EVENT: Final = {"$ref": "#/components/schemas/OrderEvent"}


def problem_response(description: str, *, retry_after: bool = False, challenge: bool = False) -> dict[str, Any]:
    """An answer with problem details, as `responses` of a route has it."""
    headers = {}
    if retry_after:
        headers["Retry-After"] = {
            "description": "Seconds to wait before sending the same again.",
            "schema": {"type": "integer", "minimum": 1},
        }
    if challenge:
        headers["WWW-Authenticate"] = {"description": "The way to be known.", "schema": {"const": "Bearer"}}
    response: dict[str, Any] = {
        "description": description,
        "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }
    return response | ({"headers": headers} if headers else {})


COMMON: Final[dict[int | str, dict[str, Any]]] = {
    400: problem_response("The request is not HTTP as it should be, or its `Idempotency-Key` cannot be used."),
    401: problem_response("Not known: no token or signature, or a wrong one; nothing was read.", challenge=True),
    408: problem_response("The body did not come in within 30 seconds. Send the same again."),
    413: problem_response("The body is larger than 1 MiB, or holds more than 1000 events or 2000 codes: send several."),
    415: problem_response("The body says that it is no JSON, or that it is compressed."),
    429: problem_response("The shop sends faster than it may. Send the same again later.", retry_after=True),
    500: problem_response("A mistake of the door's. Not known to be journaled: send the same again."),
    503: problem_response(
        "Redis does not take writes, or there is too much to do. Not known to be journaled: send the same again.",
        retry_after=True,
    ),
}
"""What may be answered to whoever sends a body; webhooks too."""

ORDERS: Final[dict[str, Any]] = {
    "summary": "Hand in completed orders",
    "operation_id": "takeOrders",
    "responses": COMMON
    | {
        202: {
            "description": "Journaled: every order is known and will be reported. One entry for each event, in order.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Accepted"}}},
        },
        403: problem_response("An event is another shop's than the token's. Nothing was taken."),
        422: problem_response(
            "An event is not valid, or the `Idempotency-Key` came with another body before. Nothing was taken."
        ),
    },
    "openapi_extra": {
        "security": [BEARER, SIGNED],
        "parameters": [
            {
                "name": "Idempotency-Key",
                "in": "header",
                "required": False,
                "description": "Kept for a day: the same key with another body is refused. Not needed, since an order "
                "that comes twice is reported once.",
                "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[!-~]([ -~]*[!-~])?$"},
                "example": "8e03978e-40d5-43e8-bc93-6894a57f9324",
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"oneOf": [_EVENT, {"type": "array", "minItems": 1, "maxItems": 1000, "items": _EVENT}]},
                },
                "application/x-ndjson": {"schema": {"type": "string", "description": "JSON Lines: an event a line."}},
                "application/jsonl": {"schema": {"type": "string", "description": "JSON Lines: an event a line."}},
            },
        },
    },
}

REDEMPTION: Final[dict[str, Any]] = {
    "summary": "See what became of a redemption",
    "operation_id": "tellRedemption",
    "responses": {
        200: {
            "description": "The redemption as it stands.",
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/Redemption"}}},
        },
        404: problem_response("The shop has no such redemption."),
        **{status: COMMON[status] for status in (400, 401, 500, 503)},
    },
    "openapi_extra": {
        "security": [BEARER],
        "parameters": [
            {
                "name": "id",
                "in": "path",
                "required": True,
                "description": "As the answer to POST /orders has it, percent-encoded.",
                "schema": {"type": "string", "minLength": 1},
                "example": "sovendus:uk:145789:SKDXXR4324",
            }
        ],
    },
}


def document(routes: Sequence[BaseRoute]) -> dict[str, Any]:
    """The whole document, OpenAPI 3.1."""
    made = get_openapi(title=TITLE, version=VERSION, description=_DESCRIPTION, routes=routes, openapi_version="3.1.1")
    for operations in made["paths"].values():
        for operation in operations.values():
            operation["responses"] = dict(sorted((operation["responses"] | _OF_ANY_HEAD).items()))
    components = made.setdefault("components", {})
    components.setdefault("schemas", {}).update(_schemas())
    components["securitySchemes"] = _SECURITY
    return made


def _schemas() -> dict[str, Any]:
    event = event_schema()
    coupon = event.pop("$defs")["Coupon"]
    event.pop("$schema")
    event["properties"]["coupons"] = _with_refs(event["properties"]["coupons"])
    event["properties"]["shop"].pop("default", None)
    event["properties"]["shop"]["description"] = "may be left out: the token says it"
    event["example"] = _EXAMPLE
    return {"OrderEvent": event, "Coupon": coupon, **_ANSWERS}


def _with_refs(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The same with references into the document's components instead of the schema's own definitions."""
    if isinstance(value, dict):
        return {name: _with_refs(member) for name, member in value.items()}
    if isinstance(value, list):
        return [_with_refs(member) for member in value]
    return value.replace("#/$defs/", "#/components/schemas/") if isinstance(value, str) else value


_OF_ANY_HEAD: Final = {
    "414": problem_response("The URL is longer than 16 KiB."),
    "431": problem_response("The headers are larger than 32 KiB."),
}
_EXAMPLE: Final = {
    "order_id": "145789",
    "completed_at": "2026-11-21T20:15:00Z",
    "order_value": "219.99",
    "currency": "GBP",
    "coupons": [{"code": "SKDXXR4324"}],
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
        "example": {"accepted": [{"order_id": "145789", "redemptions": ["sovendus:uk:145789:SKDXXR4324"]}]},
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
    },
}
_SECURITY: Final[dict[str, Any]] = {
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
