"""What the OpenAPI document says of `POST /webhooks/{shop}/{system}`."""

from __future__ import annotations

from typing import Any, Final

from tasks.shop_systems import SYSTEMS
from worker.web.openapi import BEARER, COMMON, VENDORS, problem_response

_ACCEPTED: Final = {"$ref": "#/components/schemas/Accepted"}
_IGNORED: Final = {
    "type": "object",
    "required": ["accepted", "ignored"],
    "additionalProperties": False,
    "properties": {
        "accepted": {"type": "array", "maxItems": 0},
        "ignored": {"type": "string", "description": "why there is nothing to report"},
    },
}
_KEPT: Final = {
    "type": "object",
    "required": ["accepted", "dead_letter", "errors"],
    "additionalProperties": False,
    "properties": {
        "accepted": {"type": "array", "maxItems": 0},
        "dead_letter": {"type": "string", "description": "its id; a person will look at it"},
        "errors": {
            "type": "array",
            "minItems": 1,
            "items": {
                "type": "object",
                "required": ["path", "message"],
                "additionalProperties": False,
                "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}

WEBHOOK: Final[dict[str, Any]] = {
    "summary": "Take a shop system's webhook",
    "operation_id": "takeWebhook",
    "responses": {
        **{status: COMMON[status] for status in (400, 401, 408, 429, 500, 503)},
        200: {
            "description": "Understood, and nothing to report.",
            "content": {"application/json": {"schema": _IGNORED}},
        },
        202: {
            "description": "Journaled, or kept as a dead letter since it cannot be an order as it stands.",
            "content": {"application/json": {"schema": {"oneOf": [_ACCEPTED, _KEPT]}}},
        },
        403: problem_response("The token is another shop's."),
        404: problem_response("No such shop system."),
        413: problem_response("The body is larger than 2 MiB."),
        422: problem_response("The body is no JSON."),
    },
    "openapi_extra": {
        "security": [BEARER, *VENDORS],
        "parameters": [
            {"name": "shop", "in": "path", "required": True, "schema": {"type": "string"}, "example": "uk"},
            {"name": "system", "in": "path", "required": True, "schema": {"enum": list(SYSTEMS)}},
        ],
        "requestBody": {
            "required": True,
            "description": "The vendor's payload, unchanged.",
            "content": {"application/json": {"schema": {}}},
        },
    },
}
