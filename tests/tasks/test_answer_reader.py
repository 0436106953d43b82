"""Answers of any shape: what is read, when a connection may be kept after it, and what is no answer."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import io
import itertools
from collections.abc import Callable, Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.answer_reader import LONGEST_BODY, MOST_INTERIM, ReadAnswer, UnreadableAnswer, read_answer

BODY = b'{"message": "Coupon redemption received."}'
LENGTH = b"Content-Length: 42"
CHUNKS = b'2;x=y\r\n{"\r\n28 \r\nmessage": "Coupon redemption received."}\r\n0\r\n'
SWITCHED = "HTTP 101: another protocol, which nobody asked for"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 42\r\n\r\n"


def answer(*headers: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = BODY) -> bytes:
    return b"\r\n".join((status, *headers, b"", body))


def segments(received: bytes, *cuts: int) -> Callable[[int], bytes]:
    """Receives as from a connection that is closed in the end, in pieces as they were sent."""
    pairs = itertools.pairwise([0, *sorted(cuts), len(received)])
    pieces: Iterator[bytes] = iter([piece for start, end in pairs if (piece := received[start:end])])
    return lambda _most: next(pieces, b"")


def read(received: bytes, *cuts: int) -> ReadAnswer:
    return read_answer(b"", segments(received, *cuts))


@pytest.mark.parametrize(
    "received",
    [
        answer(LENGTH),
        answer(LENGTH, b"Retry-After: 7"),
        answer(b"content-length:42", b"Connection: Keep-Alive, Upgrade"),
        answer(b"Content-Length: 42, 42"),
        answer(LENGTH, b"X-Latin: \xfc", b"Connection:"),
        answer(LENGTH, status=b"HTTP/1.1 503"),
        answer(LENGTH, status=b"HTTP/1.1  200  OK"),
        answer(LENGTH).replace(b"\r\n", b"\n"),
        answer(LENGTH, b"Connection: keep-alive", status=b"HTTP/1.0 200 OK"),
        answer(b"Transfer-Encoding: Chunked", body=CHUNKS + b"\r\n"),
        answer(b"Transfer-Encoding: chunked", body=CHUNKS + b"X-Trailer: y\r\nZ: z\r\n\r\n"),
        answer(b"Transfer-Encoding: chunked", body=b"0000000000000002A\r\n%b\r\n00000000000\r\n\r\n" % BODY),
        answer(status=b"HTTP/1.1 204 No Content", body=b""),
        answer(b"Content-Length: 0", status=b"HTTP/1.1 304 Not Modified", body=b""),
        answer(b"Content-Length: 0", body=b""),
        b"HTTP/1.1 100 Continue\r\n\r\n" + answer(LENGTH),
        b"HTTP/1.1 102 Processing\r\n\r\n" * MOST_INTERIM + answer(LENGTH),
        HINTS + HINTS + answer(b"Transfer-Encoding: chunked", body=CHUNKS + b"\r\n"),
        b"HTTP/1.1 199 Whatever\r\nConnection: close\r\n\r\n" + answer(LENGTH),
    ],
)
def test_after_a_sound_answer_the_connection_may_be_kept(received: bytes) -> None:
    for cut in range(len(received)):
        found = read(received, cut)
        assert (found.body, found.keeps, found.behind) == (found.body and BODY, True, b"")
        assert found.status in {200, 204, 304, 503}
        assert found.fields.get("retry-after") in {None, "7"}


@pytest.mark.parametrize(
    "received",
    [
        answer(),
        answer(LENGTH, b"Connection: close"),
        answer(LENGTH, b"connection: keep-alive, Close"),
        answer(LENGTH, b"Connection: x", b"Connection: close"),
        answer(LENGTH, status=b"HTTP/1.0 200 OK"),
        answer(LENGTH, b"no colon"),
        answer(b"X: a", b" folded: line", LENGTH, b"Y:", b"\t", b" z"),
        answer(b"Content-Length:", b"\t42"),
        answer(b"Transfer-Encoding:", b" chunked", body=CHUNKS + b"\r\n"),
        answer(b" folded: status", LENGTH),
        answer(LENGTH, b"X : y"),
        answer(LENGTH, b"X: a\rContent-Length: 1"),
        answer(LENGTH, b": no name"),
        answer(LENGTH, b"Transfer-Encoding: identity"),
        answer(LENGTH, b"Transfer-Encoding: chunked", body=CHUNKS + b"\r\n"),
        answer(LENGTH, status=b"HTTP/1.1 204 No Content", body=b""),
        answer(b"Transfer-Encoding: chunked", status=b"HTTP/1.1 204 No Content", body=b""),
    ],
)
def test_after_an_odd_one_it_may_not(received: bytes) -> None:
    for cut in range(len(received)):
        found = read(received, cut)
        assert (found.body, found.keeps) == (found.body and BODY, False)


@pytest.mark.parametrize(
    "own",
    [
        answer(LENGTH),
        answer(b"Transfer-Encoding: chunked", body=CHUNKS + b"X: trailer\r\n\r\n"),
        answer(status=b"HTTP/1.1 204 No Content", body=b""),
        HINTS + answer(LENGTH),
    ],
)
@pytest.mark.parametrize("behind", [b"\r\n", b"x", answer(LENGTH), HINTS, b"0\r\n\r\n"])
def test_what_comes_behind_an_answer_is_told(own: bytes, behind: bytes) -> None:
    assert read(own + behind).behind == behind


@pytest.mark.parametrize(
    ("received", "words"),
    [
        (b"", "connection closed without an answer"),
        (HINTS, "connection closed without an answer"),
        (b"\x15\x03\x01\x00\x02\x02\x16 this is not HTTP\r\n\r\n", "connection closed without an answer"),
        (b"\r\n" + answer(LENGTH), "connection closed without an answer"),
        (answer(LENGTH, status=b"HTTP/2 200"), "connection closed without an answer"),
        (answer(LENGTH, status=b"HTTP/1.1 20 OK"), "connection closed without an answer"),
        (answer(LENGTH, status=b"HTTP/1.1 099 OK"), "connection closed without an answer"),
        (answer(LENGTH, status=b"HTTP/1.1 2000 OK"), "connection closed without an answer"),
        (HINTS + b"{}" + answer(LENGTH), "connection closed without an answer"),
        (HINTS[:-4], "the answer broke off"),
        (HINTS + answer(LENGTH)[:30], "the answer broke off"),
        (answer(b"Content-Length: 43"), "the answer broke off"),
        (answer(b"Transfer-Encoding: chunked", body=CHUNKS), "the answer broke off"),
        (answer(b"Transfer-Encoding: chunked", body=CHUNKS[:20]), "the answer broke off"),
        (answer(LENGTH, b"Content-Length: 43"), "the answer is garbled"),
        (answer(b"Content-Length: 42, 0"), "the answer is garbled"),
        (answer(b"Content-Length: +42"), "the answer is garbled"),
        (answer(b"Content-Length: -1"), "the answer is garbled"),
        (answer(b"Content-Length: 4_2"), "the answer is garbled"),
        (answer(b"Content-Length: x"), "the answer is garbled"),
        (answer(LENGTH, b" folded: line"), "the answer is garbled"),
        (answer(b"Transfer-Encoding: gzip, chunked", body=CHUNKS + b"\r\n"), "the answer is garbled"),
        (answer(b"Transfer-Encoding: chunked", b"Transfer-Encoding: chunked", body=CHUNKS), "the answer is garbled"),
        *(
            (answer(b"Transfer-Encoding: chunked", body=chunks + b"\r\n"), "the answer is garbled")
            for chunks in (BODY, b"-1", b"0x2\r\n{}", b"2\r\n{}0\r\n", b"1_0", b"", b"123456789")
        ),
        (answer(b"Content-Length: %d" % (LONGEST_BODY + 1), body=b"x" * (LONGEST_BODY + 1)), "the answer is too long"),
        (answer(body=b"x" * (LONGEST_BODY + 1)), "the answer is too long"),
        (answer(b"Transfer-Encoding: chunked", body=b"fffffff\r\n"), "the answer is too long"),
        (answer(b"Transfer-Encoding: chunked", body=b"0\r\n" + b"X: y\r\n" * 20_000), "the answer is too long"),
        (answer(b"Transfer-Encoding: chunked", body=b"1;" + b"x" * 5000), "the answer is too long"),
        (answer(b"X: y\r\n" * 20_000), "the answer is too long"),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n", SWITCHED),
        (HINTS + b"HTTP/1.1 101 x\r\n\r\n" + answer(LENGTH), SWITCHED),
        (HINTS * (MOST_INTERIM + 1) + answer(LENGTH), f"more than {MOST_INTERIM} interim answers"),
    ],
)  # fmt: skip
def test_what_is_no_answer(received: bytes, words: str) -> None:
    for cut in (0, 1, len(received) // 2):
        with pytest.raises(UnreadableAnswer) as caught:
            read(received, cut)
        assert str(caught.value) == words


def test_a_body_that_is_packed_is_unpacked() -> None:
    packed = gzip.compress(BODY)
    headers = (b"Content-Encoding: gzip", b"Content-Length: %d" % len(packed))
    assert read(answer(*headers, body=packed)).body == BODY


class Wire:
    """As much of a socket as http.client reads an answer from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


HEADERS = st.lists(
    st.sampled_from([b"Server: nginx", b"Vary:", b"X: \xfc:", b"Connection: keep-alive", b"Connection: close"]),
    max_size=4,
)
BODIES = st.binary(max_size=40)


@st.composite
def sound_answers(draw: st.DrawFn) -> bytes:
    """Answers about whose form there is no doubt."""
    body, headers, status = draw(BODIES), draw(HEADERS), draw(st.integers(200, 599))
    if status in (204, 304):
        framing, sent = [b"X: y"], b""
    elif draw(st.booleans()):
        framing, sent = [b"Content-Length: %d" % len(body)], body
    else:
        middle = draw(st.integers(0, len(body)))
        pieces = [piece for piece in (body[:middle], body[middle:]) if piece]
        chunks = [b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces]
        framing, sent = [b"Transfer-Encoding: chunked"], b"".join((*chunks, b"0\r\n\r\n"))
    return answer(*draw(st.permutations([*headers, *framing])), status=b"HTTP/1.1 %d x" % status, body=sent)


@given(sound_answers(), st.binary(max_size=9), st.lists(st.integers(0, 200), max_size=4))
def test_a_sound_answer_is_read_as_http_client_reads_it(own: bytes, behind: bytes, cuts: list[int]) -> None:
    theirs = http.client.HTTPResponse(Wire(own), method="POST")  # type: ignore[arg-type]  # all it asks of one
    theirs.begin()
    closes = theirs.will_close or b"\r\nConnection: close\r\n" in own  # it looks at the first such header alone
    expected = (theirs.status, theirs.read(), not closes)
    found = read(own + behind, *(min(cut, len(own + behind)) for cut in cuts))
    assert (found.status, found.body, found.keeps) == expected
    assert behind.startswith(found.behind)


@given(st.binary(max_size=60), st.integers(0, 200), sound_answers())
def test_whatever_comes_is_an_answer_or_unreadable(noise: bytes, where: int, own: bytes) -> None:
    with contextlib.suppress(UnreadableAnswer):
        assert read(own[:where] + noise + own[where:], where).status >= 200
