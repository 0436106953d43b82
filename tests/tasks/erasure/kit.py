"""All that a server holds, by its own commands and in its files; and things as senders may spell them."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from redis import Redis

from worker.dev.broker import EmbeddedValkey


class Memory:
    """Everything in a server at one moment: each key with its value, its exact form, and when it expires."""

    def __init__(self, server: EmbeddedValkey) -> None:
        with Redis.from_url(server.url) as redis:
            redis.config_set("rdbcompression", "no")  # for DUMP, and for the files to come
            keys = sorted(redis.keys("*"))
            self.values = {key: _value(redis, key) for key in keys}
            self.exact = {key: (redis.dump(key), redis.execute_command("PEXPIRETIME", key)) for key in keys}

    def keeps(self, raw: bytes) -> bool:
        """Whether a letter was made of just that."""
        return raw in self.values.values() or base64.b64encode(raw) in self.values.values()

    def holds(self, needle: str) -> list[bytes]:
        """The keys with that in their name or value, in any case."""
        wanted = needle.lower().encode()
        return [key for key, value in self.values.items() if wanted in (key + repr(value).encode()).lower()]


def _value(redis: Any, key: bytes) -> Any:  # noqa: ANN401 - redis-py's types know no bytes
    kind = redis.type(key)
    if kind == b"string":
        return redis.get(key)
    if kind == b"list":
        return redis.lrange(key, 0, -1)
    if kind == b"zset":
        return redis.zrange(key, 0, -1, withscores=True)
    return {b"hash": redis.hgetall, b"set": redis.smembers, b"stream": redis.xrange}[kind](key)


class Files:
    """A server's snapshot and append-only file, as bytes."""

    def __init__(self, server: EmbeddedValkey) -> None:
        with Redis.from_url(server.url) as redis:
            redis.save()
        paths = [path for path in server.directory.rglob("*") if path.suffix in {".rdb", ".aof"}]
        self.bytes_of = {path.relative_to(server.directory): path.read_bytes() for path in paths}

    def hold(self, needle: str) -> list[Path]:
        """The files with that in them, in clear or as an integer."""
        forms = [needle.encode().lower()]
        if needle.isdecimal():
            forms.append(int(needle).to_bytes(8, "little"))
        return [
            path for path, held in self.bytes_of.items() if any(one in held or one in held.lower() for one in forms)
        ]


def unparseable(told: str) -> Iterator[tuple[str, bytes]]:
    """Messages that nobody can parse, with something told in them; by name."""
    escaped = "".join(f"\\u{ord(char):04x}" for char in told)
    inner = json.dumps({"order_id": told}).encode()
    yield "in clear", b"order " + told.encode() + b" completed"
    yield "escaped", b'{"order_id": "' + escaped.encode() + b'", "cut off'
    yield "in a URL", b"GET /?order=" + "".join(f"%{ord(char):02X}" for char in told).encode() + b" HTTP/1.1"
    yield "in a URL in a URL", b"next=" + quote(quote(f"o={told}&", safe=""), safe="").encode()
    yield "base64", b'{"body": "' + base64.b64encode(inner) + b'"'
    yield "base64, URL-safe", b"<" + base64.urlsafe_b64encode(b"\xff\xfe\xfd" + inner) + b">"
    yield "base64 in base64", b"!" + base64.b64encode(base64.b64encode(inner))
    yield "zlib in base64", b"?" + base64.b64encode(zlib.compress(inner))
    yield "gzip", gzip.compress(inner, mtime=0)
    yield "pickle", pickle.dumps({"order_id": told}, protocol=2)
    yield "a newer pickle", pickle.dumps([told], protocol=4)
    yield "UTF-16", b"\xff\xfe" + f"order {told} completed".encode("utf-16-le")
    if told.isdecimal() and int(told) < 2**31:
        yield "an integer in a pickle", pickle.dumps({"order_id": int(told)}, protocol=2)
