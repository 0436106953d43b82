"""What else may stand in our queues: from noise to messages that are almost right, each with the reason it dies for."""

from __future__ import annotations

import base64
import bz2
import json
import pickle
import uuid
import zlib
from typing import Any

from tests.tasks.examples import ADDRESS, event

_MIB = 1024 * 1024
_BEYOND = "beyond all floats"


def garbage(queue: str) -> dict[str, tuple[bytes, str]]:
    """Name → what to push onto the list, and the dead-letter reason that it ends with."""
    unreadable = _NOISE | _envelopes(queue) | _headers(queue) | _bodies(queue) | _arguments(queue)
    found = {name: (raw, "unreadable_message") for name, raw in unreadable.items()}
    found |= {name: (raw, "unknown_task") for name, raw in _unknown(queue).items()}
    return found | (
        {
            name: (_raw(queue, body=json.dumps(body).replace(f'"{_BEYOND}"', "1e999")), "invalid_event")
            for name, body in _NO_EVENTS.items()
        }
        if queue == "orders"
        else {}
    )


def good_with_tag(whole: object, tag: str, *, task_id: str | None = None) -> bytes:
    """A good `orders.completed` message under this delivery tag, which another may have too."""
    message = envelope("orders", body=json.dumps([[whole], {}, {}]), tag=tag)
    message["headers"]["id"] = task_id or message["headers"]["id"]
    return json.dumps(message).encode()


def envelope(queue: str, *, body: object = None, tag: str | None = None) -> dict[str, Any]:
    """A good message as it stands in the list: an order, or a partner's doorbell."""
    task_id = str(uuid.uuid4())
    task = "orders.completed" if queue == "orders" else f"{queue}.redeem"
    argument: object = event() if queue == "orders" else f"{queue}:uk:145789:AB12E3GH"
    return {
        "body": json.dumps([[argument], {}, {}]) if body is None else body,
        "content-type": "application/json",
        "content-encoding": "utf-8",
        "headers": {"lang": "py", "task": task, "id": task_id, "root_id": task_id, "retries": 0, "origin": "gen7@host"},
        "properties": {
            "correlation_id": task_id,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": queue},
            "priority": 0,
            "delivery_tag": tag or str(uuid.uuid4()),
        },
    }


def _raw(queue: str, *, body: object = None, **changes: object) -> bytes:
    """A good message with changes: `headers__id=7` sets a member."""
    return json.dumps(_changed(envelope(queue, body=body), changes)).encode()


def _without(queue: str, path: str) -> bytes:
    message = envelope(queue)
    *outer, last = path.split("__")
    del _at(message, outer)[last]
    return json.dumps(message).encode()


def _changed(message: dict[str, Any], changes: dict[str, object]) -> dict[str, Any]:
    for path, value in changes.items():
        *outer, last = path.split("__")
        _at(message, outer)[last.replace("content_", "content-")] = value
    return message


def _at(message: dict[str, Any], path: list[str]) -> dict[str, Any]:
    for name in path:
        message = message[name]
    return message


def _encoded(queue: str, content: bytes, **changes: str) -> bytes:
    body = base64.b64encode(content).decode()
    return _raw(queue, body=body, properties__body_encoding="base64", **changes)


def _nested(depth: int) -> str:
    return "[" * depth + "]" * depth


_NOISE: dict[str, bytes] = {
    "empty": b"",
    "one space": b" ",
    "NUL bytes": b"\x00" * 64,
    "not UTF-8": b"\xff\xfe\x00\x01",
    "a pickle": pickle.dumps({"order_id": "1"}),
    "a line of text": b"hello",
    "XML": b"<order><id>145789</id></order>",
    "JSON cut off": b'{"body": "W10=", "headers": {"task": "orders.co',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "a key in single quotes": b"{'body': 1}",
    "two values": b"{} {}",
    "null": b"null",
    "true": b"true",
    "a number": b"7",
    "a float beyond all floats": b"1e999",
    "NaN": b"NaN",
    "an integer of five thousand digits": b"1" * 5000,
    "a string": b'"orders.completed"',
    "an array": b"[]",
    "arrays ten thousand deep": _nested(10_000).encode(),
    "objects ten thousand deep": b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
    "half a surrogate pair": b'"\\ud83d"',
    "an empty object": b"{}",
    "an event without a message": json.dumps(event()).encode(),
    "an array of events": json.dumps([event(), event(order_id="2")]).encode(),
    "10 MB of nothing": b" " * (10 * _MIB),
    "10 MB of JSON": b'{"body": "' + b"x" * (10 * _MIB) + b'"}',
    "10 MB of bytes": bytes(range(256)) * (40 * 1024),
}


def _envelopes(queue: str) -> dict[str, bytes]:
    twice = _raw(queue).replace(b'"headers":', b'"headers": {"task": "x", "id": "1"}, "headers":')
    return {
        "without properties": _without(queue, "properties"),
        "properties null": _raw(queue, properties=None),
        "properties an array": _raw(queue, properties=[]),
        "without delivery_info": _without(queue, "properties__delivery_info"),
        "delivery_info text": _raw(queue, properties__delivery_info="orders"),
        "without exchange": _without(queue, "properties__delivery_info__exchange"),
        "without routing key": _without(queue, "properties__delivery_info__routing_key"),
        "without delivery_tag": _without(queue, "properties__delivery_tag"),
        "delivery_tag an array": _raw(queue, properties__delivery_tag=["1"]),
        "delivery_tag true": _raw(queue, properties__delivery_tag=True),
        "delivery_tag empty": _raw(queue, properties__delivery_tag=""),
        "a key that stands twice": twice,
        "NaN within": _raw(queue, properties__priority=float("nan")),
        "Infinity within": _raw(queue, headers__retries=float("inf")),
        "a good message of 2 MB": _raw(queue, headers__note="x" * (2 * _MIB)),
        "a good message and a NUL": _raw(queue) + b"\x00",
        "a good message, its UTF-8 broken": _raw(queue)[:-1] + b', "x": "\xff"}',
    }


def _headers(queue: str) -> dict[str, bytes]:
    return {
        "without headers": _without(queue, "headers"),
        "headers null": _raw(queue, headers=None),
        "headers text": _raw(queue, headers="task"),
        "without task": _without(queue, "headers__task"),
        "task null": _raw(queue, headers__task=None),
        "task an object": _raw(queue, headers__task={"name": "orders.completed"}),
        "task an array": _raw(queue, headers__task=["orders.completed"]),
        "without id": _without(queue, "headers__id"),
        "id null": _raw(queue, headers__id=None),
        "id an object": _raw(queue, headers__id={}),
        "id empty": _raw(queue, headers__id=""),
        "headers an array with something in it": _raw(queue, headers=["orders.completed"]),
        "content encoding a number": _raw(queue, content_encoding=7),
        "without content type": _without(queue, "content-type"),
        "content type pickle": _raw(queue, content_type="application/x-python-serialize"),
        "content type yaml": _raw(queue, content_type="application/x-yaml"),
        "content type msgpack": _raw(queue, content_type="application/x-msgpack"),
        "content type a number": _raw(queue, content_type=7),
        "body encoding unknown": _raw(queue, properties__body_encoding="rot13"),
        "body encoding an array": _raw(queue, properties__body_encoding=[]),
        "compression unknown": _raw(queue, headers__compression="application/x-rar"),
        "compression a number": _raw(queue, headers__compression=7),
    }


def _bodies(queue: str) -> dict[str, bytes]:
    gzip = {"headers__compression": "application/x-gzip"}
    pickled = pickle.dumps(((event(email=ADDRESS),), {}, {}))
    texts = {
        "body empty": "",
        "body no JSON": "not json",
        "body JSON cut off": '[[{"order_id": "1',
        "body null": "null",
        "body a number": "7",
        "body a string": '"[]"',
        "body an empty array": "[]",
        "body of two": "[[], {}]",
        "body of four": "[[], {}, {}, {}]",
        "body NaN": "[[NaN], {}, {}]",
        "body nested to death": f"[{_nested(10_000)}, {{}}, {{}}]",
        "body nested too deeply": f"[{_nested(100)}, {{}}, {{}}]",
        "body with a key twice": '[[{"order_id": "1", "order_id": "2"}], {}, {}]',
        "body with a number too long": f"[[{'1' * 5000}], {{}}, {{}}]",
        "body with half a surrogate pair": "[[], {}, {}]\ud83d",
        "body of no known type": '[[{"__type__": "uuid", "__value__": "x"}], {}, {}]',
        "body of an unhashable type": '[[{"__type__": [], "__value__": "x"}], {}, {}]',
        "body of a hidden type": '[[{"\\u005f_type__": "decimal", "__value__": "x"}], {}, {}]',
        "arguments null": "[null, {}, {}]",
        "arguments text": '["abc", {}, {}]',
        "arguments an object": '[{"order_id": "1"}, {}, {}]',
        "keyword arguments an array": "[[], [], {}]",
        "keyword arguments null": "[[], null, {}]",
        "keyword arguments text": '[[], "abc", {}]',
        "an event instead of arguments": json.dumps(event(email=ADDRESS)),
        "an event in an object": json.dumps({"event": event(email=ADDRESS)}),
        "protocol 1 without arguments": json.dumps({"task": "orders.completed", "id": "1", "event": event()}),
        "protocol 1 without task": '{"id": "1", "args": [], "kwargs": {}, "task": null}',
        "protocol 1, arguments text": '{"task": "orders.completed", "id": "1", "args": "abc", "kwargs": {}}',
        "protocol 1, keyword arguments an array": '{"task": "orders.completed", "id": "1", "args": [], "kwargs": []}',
    }
    found = {name: _raw(queue, body=text) for name, text in texts.items()}
    found["protocol 1 without task"] = _raw(queue, body=texts["protocol 1 without task"], headers={})
    return found | {
        "without body": _without(queue, "body"),
        "body an object": _raw(queue, body={"args": []}),
        "body an array": _raw(queue, body=[[], {}, {}]),
        "body no base64": _raw(queue, body="!!!", properties__body_encoding="base64"),
        "body base64 cut off": _raw(queue, body="W1tdLCB7f", properties__body_encoding="base64"),
        "body not UTF-8": _encoded(queue, b"[[\xff], {}, {}]"),
        "body latin-1": _encoded(queue, '[["müller"], {}, {}]'.encode("latin-1")),
        "body UTF-16": _encoded(queue, "[[], {}, {}]".encode("utf-16")),
        "body NUL bytes": _encoded(queue, b"\x00" * 16),
        "body a pickle": _encoded(queue, pickled),
        "body a pickle that says so": _encoded(queue, pickled, content_type="application/x-python-serialize"),
        "body not compressed": _encoded(queue, b"[[], {}, {}]", **gzip),
        "body compressed and cut off": _encoded(queue, zlib.compress(b"[[], {}, {}]")[:-6], **gzip),
        "body compressed otherwise": _encoded(queue, bz2.compress(b"[[], {}, {}]"), **gzip),
        "a bomb": _encoded(queue, zlib.compress(b" " * (50 * _MIB)), **gzip),
    }


def _arguments(queue: str) -> dict[str, bytes]:
    """What no doorbell holds."""
    if queue == "orders":
        return {}
    mine = f"{queue}:uk:145789:AB12E3GH"
    other = "sovendus" if queue != "sovendus" else "uniqodo"
    arguments: dict[str, object] = {
        "no argument": [[], {}, {}],
        "two arguments": [[mine, mine], {}, {}],
        "a keyword argument": [[], {"redemption_id": mine}, {}],
        "one keyword argument too many": [[mine], {"force": True}, {}],
        "null as id": [[None], {}, {}],
        "a number as id": [[7], {}, {}],
        "an event instead of an id": [[event(email=ADDRESS)], {}, {}],
        "an address instead of an id": [[ADDRESS], {}, {}],
        "an id of another partner": [[f"{other}:uk:145789:AB12E3GH"], {}, {}],
        "an id without a code": [[f"{queue}:uk:145789"], {}, {}],
        "an id with an empty code": [[f"{queue}:uk:145789:"], {}, {}],
        "an id with a part too many": [[f"{mine}:X"], {}, {}],
        "an id in lower case": [[mine.replace("AB", "ab")], {}, {}],
        "an id with a NUL": [[f"{mine}\x00"], {}, {}],
        "an id with half a surrogate pair": [[f"{mine}\ud83d"], {}, {}],
        "an id with a stray percent sign": [[f"{mine}%"], {}, {}],
        "an id of a megabyte": [[mine + "X" * 900_000], {}, {}],
    }
    return {name: _raw(queue, body=json.dumps(body)) for name, body in arguments.items()}


def _unknown(queue: str) -> dict[str, bytes]:
    addressed = json.dumps([[event(email=ADDRESS)], {}, {}])
    return {
        "a task nobody knows": _raw(queue, headers__task="orders.cancelled", body=addressed),
        "a typing error": _raw(queue, headers__task="order.completed", body=addressed),
        "one of Celery's own": _raw(queue, headers__task="celery.map", body="[[], {}, {}]"),
        "a task's name with an address": _raw(queue, headers__task=f"tell.{ADDRESS}"),
        "a stranger's with its own argsrepr": _raw(
            queue, headers__task="crm.sync", headers__argsrepr=f"({ADDRESS!r},)", headers__shadow=ADDRESS
        ),
        "protocol 1, unknown": _raw(
            queue, headers={}, body='{"task": "crm.sync", "id": "1", "args": [], "kwargs": {}}'
        ),
    }


_NO_EVENTS: dict[str, object] = {
    "no event": [[], {}, {}],
    "two events": [[event(email=ADDRESS), event(email=ADDRESS)], {}, {}],
    "an event by name": [[], {"event": event(email=ADDRESS)}, {}],
    "an event in pieces": [[], event(email=ADDRESS), {}],
    "an event that is null": [[None], {}, {}],
    "an event that is text": [[json.dumps(event(email=ADDRESS))], {}, {}],
    "an event that is an array": [[[event(email=ADDRESS)]], {}, {}],
    "an event with an unknown field": [[event(email=ADDRESS, order_vlaue="1.00")], {}, {}],
    "an event with a float": [[event(email=ADDRESS, order_value=219.99)], {}, {}],
    "an event with a float beyond all floats": [[event(order_value=_BEYOND)], {}, {}],
    "an event with a NUL": [[event(order_id="1\x00")], {}, {}],
    "an event with half a surrogate pair": [[event(order_id="\ud83d")], {}, {}],
    "an event with a huge number": [[event(order_value=10**400)], {}, {}],
    "an event of a thousand coupons": [[event(coupons=[{"code": str(n)} for n in range(1000)])], {}, {}],
    "an event of 900 kB": [[event(source="x" * 900_000)], {}, {}],
}
