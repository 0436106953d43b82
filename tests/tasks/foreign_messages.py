"""What other people's Celery clients push onto a Redis list for one order, byte for byte in the shape of their source.

A stock worker runs each of them.
"""

from __future__ import annotations

import base64
import json
import textwrap
import uuid
import zlib
from typing import Any

from tasks.order_task import NAME


def foreign_messages(event: object) -> dict[str, bytes]:
    """Producer → what lies in the list `orders` once it has sent this event."""
    whole = _clients(event) | _hand_made(event)
    return {name: json.dumps(message).encode() for name, message in whole.items()}


def _clients(event: object) -> dict[str, dict[str, Any]]:
    first, second = _protocol_1(event), [[event], {}, {}]
    celery_3 = first | {"utc": True, "chord": None, "callbacks": None, "errbacks": None, "taskset": None}
    nulls = ("root_id", "parent_id", "group", "meth", "shadow", "eta", "expires", "retries", "argsrepr", "kwargsrepr")
    return {
        "Celery 3.1": _envelope(_base64(celery_3 | {"timelimit": [None, None]}), headers={}),
        "gocelery": _without("headers", _envelope(_base64(first | {"retries": 0, "eta": None, "expires": None}))),
        "celery-php": _envelope(_base64(first), headers={}, **{"content-encoding": "binary"}),
        "celery-php before 3": _envelope(_base64(first), headers=[], **{"content-encoding": "binary"}),
        "node-celery": _envelope(_base64(first | {"retires": 3}), headers={}),
        "celery.node, protocol 1": _envelope(_base64(first), headers={}),
        "celery.node": _envelope(
            _base64(second), headers={"lang": "js", "task": NAME, "id": "7"}, properties__correlationId="7"
        ),
        "all that is not known null": _envelope(
            _base64([[event], {}, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}]),
            headers={**dict.fromkeys(nulls), "task": NAME, "id": "7", "lang": "go", "timelimit": [None, None]},
            properties__reply_to=None,
        ),
    }


def _hand_made(event: object) -> dict[str, dict[str, Any]]:
    body, packed = json.dumps([[event], {}, {}]), _base64([[event], {}, {}])
    mime = "\r\n".join(textwrap.wrap(packed, 76)) + "\r\n"
    squeezed = base64.b64encode(zlib.compress(body.encode())).decode()
    plain = {"properties__body_encoding": None}
    return {
        "PHP's empty array as what follows": _envelope(json.dumps([[event], {}, []]), **plain),
        "nothing as what follows": _envelope(json.dumps([[event], {}, None]), **plain),
        "utf8": _envelope(packed, **{"content-encoding": "utf8"}),
        "UTF8": _envelope(packed, **{"content-encoding": "UTF8"}),
        "a character set that is none": _envelope(packed, **{"content-encoding": "klingon"}),
        "no character set": _without("content-encoding", _envelope(packed)),
        "base64 in lines": _envelope(mime),
        "body_encoding empty": _envelope(body, properties__body_encoding=""),
        "compression by its short name": _envelope(squeezed, headers=_HEADERS | {"compression": "zlib"}),
        "compression empty": _envelope(packed, headers=_HEADERS | {"compression": ""}),
        "a numeric tag": _envelope(packed, properties__delivery_tag=17),
        "a fractional tag": _envelope(packed, properties__delivery_tag=1795353600.25),
        "a numeric id": _envelope(packed, headers=_HEADERS | {"id": 4711}),
        "a UUID with its type as id": _envelope(packed, headers=_HEADERS | {"id": _uuid("7" * 32)}),
        "an exchange that is null": _envelope(packed, properties__delivery_info={"exchange": None, "routing_key": 7}),
        "a chain to follow": _envelope(_base64([[event], {}, {"chain": [_SIGNATURE], "callbacks": [_SIGNATURE]}])),
        "its id in the body, null in the headers": _envelope(
            _base64(_protocol_1(event)), headers={"task": NAME, "id": "8", "retries": None}
        ),
    }


_HEADERS = {"task": NAME, "id": "7"}
_SIGNATURE = {"task": "shop.next", "args": [], "kwargs": {}, "options": {"queue": "shop"}}


def _protocol_1(event: object) -> dict[str, Any]:
    return {"id": "php_6571d4b5e3a4f0.12345678", "task": NAME, "args": [event], "kwargs": {}}


def _envelope(body: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    properties = {
        "body_encoding": "base64",
        "correlation_id": str(uuid.uuid4()),
        "reply_to": str(uuid.uuid4()),
        "delivery_info": {"priority": 0, "exchange": "orders", "routing_key": "orders"},
        "delivery_mode": 2,
        "delivery_tag": str(uuid.uuid4()),
    }
    within = {name: value for name, value in changes.items() if name.startswith("properties__")}
    properties |= {name.removeprefix("properties__"): value for name, value in within.items()}
    outer = {name: value for name, value in changes.items() if name not in within}
    message = {"body": body, "headers": _HEADERS, "content-type": "application/json", "content-encoding": "utf-8"}
    return message | {"properties": properties} | outer


def _without(name: str, message: dict[str, Any]) -> dict[str, Any]:
    del message[name]
    return message


def _base64(value: object) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def _uuid(digits: str) -> dict[str, Any]:
    return {"__type__": "uuid", "__value__": {"hex": digits}}
