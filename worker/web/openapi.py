"""The door's OpenAPI document: what the code says of itself, and what FastAPI cannot know since bodies are read raw."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from fastapi.openapi.utils import get_openapi
from starlette.routing import BaseRoute

from worker.web.openapi_schemas import BATCH_EXAMPLE, EVENT_EXAMPLE, SECURITY, schemas
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


_LINES: Final = {
    "schema": {"type": "string", "description": "JSON Lines: an event a line."},
    "example": "".join(json.dumps(one) + "\n" for one in BATCH_EXAMPLE),
}
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
                    "examples": {"one": {"value": EVENT_EXAMPLE}, "several": {"value": BATCH_EXAMPLE}},
                },
                "application/x-ndjson": _LINES,
                "application/jsonl": _LINES,
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
    components.setdefault("schemas", {}).update(schemas())
    components["securitySchemes"] = SECURITY
    return made


_OF_ANY_HEAD: Final = {
    "414": problem_response("The URL is longer than 16 KiB."),
    "431": problem_response("The headers are larger than 32 KiB."),
}
