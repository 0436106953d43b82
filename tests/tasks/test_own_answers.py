"""No answer is taken for another redemption's: a partner that sends them in every shape and number there is."""

from __future__ import annotations

import contextlib
import json
import re
import select
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tasks.errors import NotSent, TransientError, Unanswered
from tasks.http_client import PartnerClient
from tasks.partners.base import Answer
from tests.tasks.http_calls import SHORT, client_of, get, post, send
from tests.tasks.raw_servers import (
    TRUSTED,
    Handler,
    RawServer,
    receive,
    relayed,
    secured,
    serving,
    tunnelled,
)

HINTS: Final = b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n"
PROCESSING: Final = b"HTTP/1.1 102 Processing\r\n\r\n"
CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
TIMED_OUT: Final = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"
_CODE: Final = re.compile(rb"C[0-9]+")


def body_of(code: bytes) -> bytes:
    return json.dumps({"message": f"of {code.decode()}"}).encode()


def head_of(code: bytes, *headers: bytes) -> bytes:
    """Half of the codes are taken, and half refused."""
    status = b"HTTP/1.1 422 No" if int(code[1:]) % 2 else b"HTTP/1.1 200 OK"
    return b"\r\n".join((status, *headers, b"", b""))


def plain(code: bytes) -> bytes:
    return head_of(code, b"Content-Length: %d" % len(body_of(code))) + body_of(code)


def chunked(code: bytes, trailers: bytes = b"") -> bytes:
    body = body_of(code)
    return head_of(code, b"Transfer-Encoding: chunked") + b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(body), body, trailers)


def short(code: bytes) -> bytes:
    return head_of(code, b"Content-Length: 5") + body_of(code)


def long(code: bytes) -> bytes:
    return head_of(code, b"Content-Length: %d" % (len(body_of(code)) + 9)) + body_of(code)


class Shape(NamedTuple):
    """How one request is answered, by its code and the one before it on the connection."""

    name: str
    pieces: Callable[[bytes, bytes], tuple[bytes, ...]]
    """What is sent, piece by piece; the code before is empty for a connection's first request."""
    end: str = ""
    """How the connection ends then: `closed`, `reset`, or not at all."""
    idle: bytes = b""
    """What is sent on the idle connection once the answer has been read."""


SHAPES: Final = {
    shape.name: shape
    for shape in (
        Shape("plain", lambda own, _: (plain(own),)),
        Shape("in pieces", lambda own, _: (plain(own)[:9], plain(own)[9:30], plain(own)[30:])),
        Shape("chunked", lambda own, _: (chunked(own),)),
        Shape("trailers", lambda own, _: (chunked(own, b"X: y\r\n"),)),
        Shape("hints", lambda own, _: (HINTS + plain(own),)),
        Shape("hints apart", lambda own, _: (HINTS, plain(own))),
        Shape("hints in pieces", lambda own, _: (HINTS[:20], HINTS[20:] + plain(own)[:30], plain(own)[30:])),
        Shape("hints, chunked", lambda own, _: (HINTS, chunked(own))),
        Shape("several", lambda own, _: (CONTINUE + HINTS, PROCESSING * 3, HINTS + plain(own))),
        Shape("too many", lambda own, _: (PROCESSING * 40 + plain(own),)),
        Shape("switched", lambda own, _: (b"HTTP/1.1 101 x\r\nUpgrade: h2c\r\n\r\n" + plain(own),)),
        Shape("hints, closed", lambda _, __: (HINTS,), "closed"),
        Shape("hints, reset", lambda _, __: (HINTS,), "reset"),
        Shape("closed", lambda own, _: (plain(own),), "closed"),
        Shape("reset", lambda own, _: (plain(own),), "reset"),
        Shape("until closed", lambda own, _: (head_of(own) + body_of(own),), "closed"),
        Shape("silent", lambda _, __: (), "closed"),
        Shape("short", lambda own, _: (short(own),)),
        Shape("long", lambda own, _: (long(own),), "closed"),
        Shape("no content", lambda own, _: (b"HTTP/1.1 204 None\r\n\r\n" + plain(own),)),
        Shape("not modified", lambda own, _: (b"HTTP/1.1 304 Same\r\nContent-Length: 7\r\n\r\n" + plain(own),)),
        Shape("line behind", lambda own, _: (plain(own) + b"\r\n",)),
        Shape("garbage behind chunks", lambda own, _: (chunked(own) + b"garbage",)),
        Shape("twice", lambda own, _: (plain(own) * 2,)),
        Shape("chunked twice", lambda own, _: (chunked(own) * 2,)),
        Shape("another's behind", lambda own, last: (plain(own) + plain(last or b"C998"),)),
        Shape("another's hints behind", lambda own, _: (plain(own) + HINTS,)),
        Shape("another's first", lambda own, last: ((plain(last) if last else b"") + plain(own),)),
        Shape("timeout first", lambda own, last: ((TIMED_OUT if last else b"") + plain(own),)),
        Shape("another's, idle", lambda own, _: (plain(own),), idle=plain(b"C998")),
        Shape("timeout, idle", lambda own, _: (plain(own),), idle=TIMED_OUT),
        Shape("hints, idle", lambda own, _: (plain(own),), idle=HINTS),
        Shape("line, idle", lambda own, _: (plain(own),), idle=b"\r\n"),
        Shape("two lengths", lambda own, _: (plain(own).replace(b"\r\n", b"\r\nContent-Length: 0\r\n", 1),)),
        Shape("both framings", lambda own, _: (chunked(own).replace(b"\r\n", b"\r\nContent-Length: 1\r\n", 1),)),
        Shape("line without a colon", lambda own, _: (plain(own).replace(b"\r\n", b"\r\nContent-Length\r\n", 1),)),
    )
}
SOUND: Final = [
    "plain", "in pieces", "chunked", "trailers", "hints", "hints apart", "hints in pieces", "hints, chunked", "several",
]  # fmt: skip


class Partner:
    """Answers each request in the shape that is asked for with `next`."""

    def __init__(self) -> None:
        self.shape = SHAPES["plain"]
        self.connections = 0
        self.port = 0
        """The one that the client connects to."""
        self._read = threading.Event()
        self._over = threading.Event()

    def handle(self, connection: socket.socket, server: RawServer) -> None:
        self.connections += 1
        connection.settimeout(30)
        last = b""
        while received := receive(connection, server):
            found = _CODE.search(received)
            assert found is not None
            shape, own = self.shape, found[0]
            for piece in shape.pieces(own, last):
                connection.sendall(piece)
            if shape.idle and self._read.wait(30):
                connection.sendall(shape.idle)
                self._over.set()
            if shape.end == "reset":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            if shape.end:
                return
            last = own

    def let_end(self) -> None:
        """The answer was read: wait until what comes after it, be it the connection's end, has reached the client."""
        self._read.set()
        if self.shape.idle:
            assert self._over.wait(30)
            self._over.clear()
        self._read.clear()
        if self.shape.idle or self.shape.end:
            ours = [
                one for one in psutil.Process().net_connections("tcp") if getattr(one.raddr, "port", 0) == self.port
            ]
            for one in ours:
                assert one.fd < 0 or select.select([one.fd], [], [], 30)[0]


def direct(handle: Handler) -> Handler:
    return handle


WAYS: Final = {
    "plain": ("http", direct),
    "TLS": ("https", secured),
    "proxy": ("https", tunnelled),
    "TLS proxy": ("https", tunnelled),
}
"""How the partner is reached: by which scheme, and what stands around it."""


@contextlib.contextmanager
def reached(way: str) -> Iterator[tuple[Partner, PartnerClient]]:
    partner = Partner()
    scheme, around = WAYS[way]
    with contextlib.ExitStack() as stack:
        server = stack.enter_context(serving(around(partner.handle)))
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        partner.port = server.port
        url = f"{scheme}://localhost:{server.port}"
        patch.setenv("REQUESTS_CA_BUNDLE", str(TRUSTED))
        if "proxy" in way:
            url = "https://partner.invalid"
            patch.setenv("https_proxy", server.url)
        if way == "TLS proxy":
            proxy = stack.enter_context(serving(secured(relayed(server.port))))
            patch.setenv("https_proxy", f"https://localhost:{proxy.port}")
            partner.port = proxy.port
        yield partner, stack.enter_context(client_of(url))


def called(partner: Partner, client: PartnerClient, number: int, shape: str) -> Answer | TransientError:
    """What comes of one call; an answer must be its own."""
    code = f"C{number}"
    partner.shape = SHAPES[shape]
    try:
        answer = send(client, (post if number % 3 else get)(code))
    except TransientError as error:
        partner.let_end()
        return error
    partner.let_end()
    if answer.status in (204, 304):
        assert answer.body == b""
    else:
        assert answer.status == (422 if number % 2 else 200)
        assert body_of(code.encode()).startswith(answer.body)
    return answer


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("shape", SOUND)
def test_a_sound_answer_is_read_and_the_connection_kept(way: str, shape: str) -> None:
    with reached(way) as (partner, client):
        answers = [called(partner, client, number, shape) for number in range(6)]
        assert partner.connections == 1
    assert [answer.body for answer in answers if isinstance(answer, Answer)] == [
        body_of(b"C%d" % number) for number in range(6)
    ]


@pytest.mark.parametrize("way", ["plain", "TLS", "TLS proxy"])
@pytest.mark.parametrize("shape", sorted(SHAPES.keys() - set(SOUND)))
def test_after_any_other_the_next_call_has_a_connection_of_its_own(way: str, shape: str) -> None:
    with reached(way) as (partner, client):
        assert isinstance(called(partner, client, 0, "hints, chunked"), Answer)
        called(partner, client, 1, shape)
        assert isinstance(called(partner, client, 2, "plain"), Answer)
        assert partner.connections == 2


@pytest.mark.parametrize("way", ["plain", "TLS proxy"])
@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("too many", "no answer: more than 32 interim answers"),
        ("switched", "no answer: HTTP 101: another protocol, which nobody asked for"),
        ("hints, closed", "no answer: connection closed without an answer"),
        ("hints, reset", "no answer: connection (reset|closed without an answer)"),  # TLS tells it as it likes
        ("long", "no answer: the answer broke off"),
        ("two lengths", "no answer: the answer is garbled"),
    ],
)
def test_what_cannot_be_read_is_ambiguous_wherever_it_comes(way: str, shape: str, words: str) -> None:
    with reached(way) as (partner, client):
        first = called(partner, client, 1, shape)
        called(partner, client, 2, "plain")
        later = called(partner, client, 3, shape)
    for error in (first, later):
        assert isinstance(error, Unanswered)
        assert re.fullmatch(words, error.message)


@pytest.mark.parametrize("shape", ["twice", "chunked twice", "another's behind", "line behind", "timeout first"])
def test_of_two_answers_on_a_kept_connection_none_counts(shape: str) -> None:
    with reached("plain") as (partner, client):
        assert isinstance(called(partner, client, 0, shape), Answer), "nobody was answered before on this one"
        assert isinstance(called(partner, client, 2, "plain"), Answer)
        error = called(partner, client, 4, shape)
    assert isinstance(error, Unanswered)
    assert error.message == "no answer: more than one answer came"


def test_a_timeout_on_a_kept_connection_may_have_come_before_the_request() -> None:
    def timed_out(connection: socket.socket, server: RawServer) -> None:
        while receive(connection, server):
            connection.sendall(TIMED_OUT)

    with serving(timed_out) as server, client_of(server.url) as client:
        assert send(client, post()).status == 408
        with pytest.raises(Unanswered, match="HTTP 408, which may have been said before the request came"):
            send(client, post())


def test_an_interim_answer_and_then_nothing_is_bounded() -> None:
    def hang(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(HINTS)
        server.stopped.wait()

    with serving(hang) as server:
        client = PartnerClient(server.url, connect_timeout=3, call_timeout=SHORT)
        with pytest.raises(Unanswered, match=r"deadline passed|timed out"):
            send(client, post())
        client.close()


@settings(max_examples=100)
@given(
    st.sampled_from(["plain", "plain", "plain", *WAYS]),
    st.lists(st.sampled_from(sorted(SHAPES)), min_size=2, max_size=9),
)
def test_in_any_order_each_call_has_its_own_answer_or_none(way: str, shapes: list[str]) -> None:
    with reached(way) as (partner, client):
        for number, shape in enumerate(shapes):
            came = called(partner, client, number, shape)
            if shape in SOUND:
                assert isinstance(came, Answer)
            if isinstance(came, TransientError):
                assert isinstance(came, Unanswered | NotSent)
