"""Looking for what must be nowhere: a secret or an address in every spelling, and everything that Redis holds."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from redis import Redis


def spellings(text: str) -> set[bytes]:
    """The ways a text is written: plain, percent-encoded, in JSON and `repr`, and in base64 whatever precedes it."""
    written = {text, text.strip(), text.lower(), text.strip().lower()}
    written |= {form for one in written for form in (quote(one), quote(one, safe=""), quote_plus(one))}
    written |= {json.dumps(one)[1:-1] for one in written}
    plain = {one.encode() for one in written}
    return plain | {_middle_in_base64(one, shift) for one in plain for shift in range(3)}


def _middle_in_base64(text: bytes, shift: int) -> bytes:
    """What of the text is the same in base64, with `shift` bytes before it and anything around."""
    encoded = base64.b64encode(bytes(shift) + text)
    return encoded[4 if shift else 0 : (shift + len(text)) // 3 * 4]


def found(wanted: Mapping[str, str], places: Mapping[str, bytes]) -> list[tuple[str, str, bytes]]:
    """What was found: its name, where, and what stands around it."""
    return [
        (name, place, content[max(0, at - 80) : at + 80])
        for name, text in wanted.items()
        for form in spellings(text)
        for place, content in places.items()
        if (at := content.find(form)) >= 0
    ]


def everything_in(redis: Redis) -> bytes:
    """All keys of a database with all that is in them; `redis` must not decode."""
    return b"\n".join(line for key in sorted(redis.scan_iter()) for line in (key, *_values(redis, key)))


def _values(redis: Any, key: bytes) -> Iterator[bytes]:  # noqa: ANN401 - redis-py's types mix sync and async
    kind = redis.type(key)
    if kind == b"string":
        yield redis.get(key)
    elif kind == b"hash":
        yield from (part for pair in redis.hgetall(key).items() for part in pair)
    elif kind == b"list":
        yield from redis.lrange(key, 0, -1)
    elif kind == b"set":
        yield from redis.smembers(key)
    elif kind == b"zset":
        yield from redis.zrange(key, 0, -1)
    elif kind != b"none":  # gone meanwhile
        assert kind == b"stream", kind
        yield from (part for _, fields in redis.xrange(key) for pair in fields.items() for part in pair)
