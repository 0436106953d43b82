"""Bytes that are hardly HTTP any more: no 5xx, no traceback, nobody let in, and the next request is served."""

from __future__ import annotations

import contextlib
import json
import random
import re
import socket
import struct
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest
from redis import Redis
from standardwebhooks import Webhook

from tests.acceptance.kit.hunt import everything_in, found
from tests.web.conftest import SECRETS, TOKENS, event
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.web.conftest import Served

SEED = 7
MUTANTS = 400
PATIENCE = 0.3  # seconds without an answer, after which what was sent counts as never finished
TOKEN = TOKENS["uk"].encode()
BODY = json.dumps(event("1", email="jane@example.com")).encode()
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_STATUS = re.compile(rb"HTTP/1\.1 (\d{3}) ")
NOISE = (
    *(b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"\xff\xfe", b"%00", b"%ff", b"{", b'"', b"\\u0000", b"-1", b"9" * 30),
    *(b"Transfer-Encoding: chunked\r\n", b"Content-Length: 3\r\n", b"Expect: 100-continue\r\n"),
    *(b"Authorization: Basic Og==\r\n", b"Connection: close\r\n", b"Upgrade: websocket\r\n"),
    *(b"Idempotency-Key: \xe4\r\n", b"webhook-signature: v1,\r\n"),
)


def post(body: bytes, *lines: bytes, path: bytes = b"/orders", length: bytes | None = None) -> bytes:
    """A whole request, after which the connection ends."""
    size = str(len(body)).encode() if length is None else length
    head = (b"POST " + path + b" HTTP/1.1", b"Host: x", b"Connection: close", b"Content-Length: " + size, *lines)
    return b"\r\n".join(head) + b"\r\n\r\n" + body


BEARER = b"Authorization: Bearer " + TOKEN
CHUNKED = b"POST /orders HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n" + BEARER + b"\r\n\r\n"


def signed(body: bytes) -> list[bytes]:
    """The header lines of a signature that is good now."""
    now = datetime.now(UTC)
    signature = Webhook(SECRETS["uk"]).sign("msg_1", now, body.decode())
    found = {"id": "msg_1", "timestamp": str(int(now.timestamp())), "signature": signature}
    return [f"webhook-{name}: {value}".encode() for name, value in found.items()]


def get(path: bytes) -> bytes:
    return b"GET " + path + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + BEARER + b"\r\n\r\n"


def odd() -> dict[str, tuple[bytes, set[int]]]:
    """Requests by what is odd about them, and how they may be answered; signatures are of now."""
    return {
        "HTTP/0.9": (b"GET /orders\r\n\r\n", {400}),
        "HTTP/1.0": (b"GET /healthz HTTP/1.0\r\n\r\n", {200}),
        "HTTP/2": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", {400, 404}),
        "HTTP/9.9": (b"GET / HTTP/9.9\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404}),
        "a proxy's request": (b"CONNECT evil.example:443 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", {400, 404}),
        "an absolute target": (get(b"http://evil.example/redemptions/x"), {404}),
        "a websocket": (get(b"/orders").replace(b"Host", b"Upgrade: websocket\r\nHost"), {405}),
        "a path of bytes": (get(b"/redemptions/%ff%fe%00%0d%0a"), {404}),
        "a path of raw bytes": (get(b"/redemptions/\xff\xfe"), {400}),
        "a path that climbs": (get(b"/redemptions/..%2f..%2fetc%2fpasswd"), {404}),
        "a query": (get(b"/redemptions/x?shop=de&%ff=%00"), {404}),
        "a folded header": (post(BODY, BEARER, b"X: a\r\n b"), {202, 400}),
        "a header of raw bytes": (post(BODY, BEARER, b"X-Name: \xff\xfe\x80"), {202}),
        "a type of raw bytes": (post(BODY, BEARER, b"Content-Type: \xff/\xfe"), {415}),
        "a key of raw bytes": (post(BODY, BEARER, b"Idempotency-Key: \xc3\xa4"), {400}),
        "a token of raw bytes": (post(BODY, b"Authorization: Bearer \xff\xfe"), {401}),
        "two tokens": (post(BODY, BEARER, BEARER), {401}),
        "a token and none": (post(BODY, BEARER, b"Authorization: "), {401}),
        "another scheme": (post(BODY, b"Authorization: Basic " + TOKEN), {401}),
        "a token with a tail": (post(BODY, BEARER + b" x"), {401}),
        "a wrong token and a good signature": (post(BODY, b"Authorization: Bearer x", *signed(BODY)), {401}),
        "a token and a wrong signature": (post(BODY, BEARER, b"webhook-signature: v1,AAAA"), {202}),
        "a signature of half": (post(BODY, *signed(BODY)[:2]), {401}),
        "a signature of other bytes": (post(BODY + b" ", *signed(BODY)), {401}),
        "a signature twice": (post(BODY, *signed(BODY), *signed(BODY)), {202, 401}),
        "a length too short": (post(BODY, BEARER, length=b"7"), {422}),
        "a length in hex": (post(BODY, BEARER, length=b"0x1f"), {400}),
        "a length of thirty digits": (post(BODY, BEARER, length=b"9" * 30), {400, 413}),
        "a length with a sign": (post(BODY, BEARER, length=b"+7"), {400}),
        "no UTF-8": (post(b'{"order_id": "\xff"}', BEARER), {422}),
        "UTF-16": (post(BODY.decode().encode("utf-16"), BEARER), {422}),
        "half a surrogate": (post(b'{"order_id": "\\ud800"}', BEARER), {422}),
        "100 kB of brackets": (post(b"[" * 100_000, BEARER), {422}),
        "a number of 10,000 digits": (post(b'{"order_id": ' + b"9" * 10_000 + b"}", BEARER), {422}),
        "compressed": (post(BODY, BEARER, b"Content-Encoding: gzip"), {415}),
        "chunks that are none": (CHUNKED + b"zz\r\n{}\r\n", {400}),
        "a chunk of any size": (CHUNKED + b"f" * 30 + b"\r\n{}\r\n", {400}),
        "5000 headers": (post(BODY, BEARER, *(b"X-%d: x" % number for number in range(5000))), {431}),
        "nothing but line ends": (b"\r\n" * 200, {400}),
    }  # fmt: skip


def answers(port: int, sent: bytes, *, then_reset: bool = False) -> bytes:
    """What comes back until the door closes the connection, or has said nothing for a while."""
    received = b""
    with contextlib.suppress(ConnectionError), socket.create_connection((LOOPBACK, port), timeout=60) as link:
        if then_reset:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        link.sendall(sent)
        if then_reset:
            return b""
        link.settimeout(PATIENCE)
        with contextlib.suppress(TimeoutError):
            while data := link.recv(65536):
                received += data
    return received


def require_well(web: Served, logged_before: int) -> None:
    """Nothing it did not expect has befallen the door, and it goes on."""
    said = web.log()[logged_before:]
    assert "web.failed" not in said
    assert "Traceback" not in said
    assert '"level": "error"' not in said
    assert web.post("/orders", event("afterwards")).status_code == 202


@pytest.mark.parametrize("name", odd())
def test_odd_requests(web: Served, name: str) -> None:
    before, (sent, expected) = len(web.log()), odd()[name]
    head, _, content = web.raw(sent).partition(b"\r\n\r\n")
    statuses = {int(status) for status in _STATUS.findall(head)}
    assert statuses
    assert statuses <= expected, head
    if min(statuses) >= 400:
        assert b"application/problem+json" in head
        assert json.JSONDecoder().raw_decode(content.decode())[0]["status"] in statuses  # another answer may follow
        assert TOKEN not in content
    require_well(web, before)


def test_mutants_of_good_requests(web: Served, broker_url: str) -> None:
    before, chance = len(web.log()), random.Random(SEED)
    wholes = [
        post(BODY, BEARER, b"Content-Type: application/json"),
        post(BODY, BEARER, b"Idempotency-Key: k-1", b"Content-Type: application/x-ndjson"),
        post(BODY, *signed(BODY)),
        post(b"{}", b"X-Shopify-Topic: orders/paid", b"X-Shopify-Hmac-Sha256: AAAA", path=b"/webhooks/uk/shopify"),
        get(b"/redemptions/sovendus:uk:1:SKD1"),
        post(BODY, BEARER).replace(b"Connection: close\r\n", b"") + post(BODY, BEARER),
    ]
    mutants = [mutant(chance.choice(wholes), chance) for _ in range(MUTANTS)]
    with ThreadPoolExecutor(16) as clients:
        received = list(clients.map(lambda one: answers(web.port, one, then_reset=len(one) % 9 == 0), mutants))
    statuses = [int(status) for one in received for status in _STATUS.findall(one)]
    assert max(statuses) < 500, [
        (sent, one) for sent, one in zip(mutants, received, strict=True) if re.search(rb"HTTP/1\.1 5", one)
    ]
    assert {202, 400, 401, 422} <= set(statuses)
    for sent, one in zip(mutants, received, strict=True):
        if b"HTTP/1.1 20" in one and b"/healthz" not in sent:
            assert TOKEN in sent or BODY in sent, (sent, one)  # known by what it bears, or by what it signed
    require_well(web, before)
    with Redis.from_url(broker_url) as redis:
        assert not found({"the address": "jane@example.com"}, {"Redis": everything_in(redis)})


def mutant(whole: bytes, chance: random.Random) -> bytes:
    """One to three things done to it."""
    for _ in range(chance.randint(1, 3)):
        whole = chance.choice(_MUTATIONS)(whole, chance)
    return whole


def _spliced(whole: bytes, chance: random.Random, length: int, instead: bytes) -> bytes:
    at = chance.randrange(len(whole) + 1)
    return whole[:at] + instead + whole[at + length :]


def _line_again(whole: bytes, chance: random.Random) -> bytes:
    lines = whole.split(b"\r\n")
    return b"\r\n".join([*lines[:1], chance.choice(lines), *lines[1:]])


_MUTATIONS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    lambda whole, chance: whole[: chance.randrange(len(whole) + 1)],
    lambda whole, chance: _spliced(whole, chance, 0, chance.choice(NOISE)),
    lambda whole, chance: _spliced(whole, chance, chance.randint(1, 20), b""),
    lambda whole, chance: _spliced(whole, chance, 1, bytes([chance.randrange(256)])),
    lambda whole, chance: _spliced(whole, chance, 0, chance.randbytes(chance.randint(1, 9))),
    _line_again,
)
