"""Read at a glance or with care, an answer says the same; and what is odd is not read at a glance."""

from __future__ import annotations

import http.client
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.plain_answer import LONGEST, plain_head

BODY = b'{"message": "Coupon redemption received."}'
USUAL = (b"Server: nginx", b"Content-Type: application/json", b"Content-Length: 42", b"Connection: keep-alive")


def answer(*headers: bytes, status: bytes = b"HTTP/1.1 200 OK", body: bytes = BODY) -> bytes:
    return b"\r\n".join((status, *headers, b"", body))


class Wire:
    """As much of a socket as http.client reads an answer from."""

    def __init__(self, received: bytes) -> None:
        self._received = received

    def makefile(self, _mode: str) -> io.BytesIO:
        return io.BytesIO(self._received)


def read_carefully(received: bytes) -> tuple[int, bytes]:
    response = http.client.HTTPResponse(Wire(received), method="POST")  # type: ignore[arg-type]  # all it asks of one
    response.begin()
    assert not response.will_close
    assert response.headers.get("Retry-After") is None
    assert response.headers.get("Content-Encoding") is None
    return response.status, response.read()


@pytest.mark.parametrize(
    "received",
    [
        answer(*USUAL),
        answer(*(line.lower() for line in USUAL)),
        answer(*(line.upper() for line in USUAL)),
        answer(b"Content-Length:42"),
        answer(b"Content-Length: \t 042 \t", b"X-Empty:", b"X-Tab:\ta\tb"),
        answer(*USUAL, status=b"HTTP/1.1 422 Unprocessable Entity"),
        answer(*USUAL, status=b"HTTP/1.1 500 "),
        answer(b"Content-Length: 0", body=b""),
        answer(*USUAL, b"Keep-Alive: timeout=5", b"X-Connection: close", b"X-Retry-After-All: 7"),
    ],
)
def test_a_plain_answer_is_read_as_http_client_reads_it(received: bytes) -> None:
    head = plain_head(received)
    assert head is not None
    assert head.ends == len(received)
    assert (head.status, received[head.begins :]) == read_carefully(received)


@pytest.mark.parametrize(
    "received",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 42\r\n",
        answer(*USUAL)[4:],
        answer(*USUAL, status=b"HTTP/1.0 200 OK"),
        answer(*USUAL, status=b"HTTP/2 200"),
        answer(*USUAL, status=b"HTTP/1.1 200"),
        answer(*USUAL, status=b"HTTP/1.1 2000 OK"),
        answer(*USUAL, status=b"HTTP/1.1 100 Continue"),
        answer(*USUAL, status=b"HTTP/1.1 204 No Content"),
        answer(*USUAL, status=b"HTTP/1.1 304 Not Modified"),
        answer(b"Server: nginx"),
        answer(*USUAL, b"Content-Length: 42"),
        answer(b"Content-Length: 42, 42"),
        answer(b"Content-Length: +42"),
        answer(b"Content-Length: 4_2"),
        answer(b"Content-Length: -1"),
        answer(b"Content-Length : 42"),
        answer(b"Content-Length: 9999"),
        answer(*USUAL, b"Connection: close"),
        answer(b"Content-Length: 42", b"connection:keep-alive, close"),
        answer(*USUAL, b"Transfer-Encoding: chunked"),
        answer(b"TRANSFER-ENCODING: identity", *USUAL),
        answer(*USUAL, b"Content-Encoding: gzip"),
        answer(*USUAL, b"Retry-After: 7"),
        answer(*USUAL, b"Upgrade: h2c"),
        answer(*USUAL, b"no colon"),
        answer(*USUAL, b" folded: line"),
        answer(*USUAL, b": no name"),
        answer(*USUAL, b"X: \xff"),
        answer(*USUAL, b"X: a\rb"),
        answer(*USUAL, b"X: a\nContent-Length: 1"),
        answer(*USUAL, *(b"X: 1",) * 100),
        answer(*USUAL, b"X: " + b"1" * LONGEST),
    ],
)
def test_whatever_is_odd_is_left_to_be_read_with_care(received: bytes) -> None:
    assert plain_head(received) is None


@pytest.mark.parametrize(("received", "missing"), [(answer(*USUAL)[:-10], 10), (answer(*USUAL) + b"HTTP", -4)])
def test_it_says_where_the_answer_ends(received: bytes, missing: int) -> None:
    head = plain_head(received)
    assert head is not None
    assert head.ends - len(received) == missing


LINES = st.sampled_from(
    [
        *USUAL, b"content-length: 7", b"Content-Length:", b"Connection: close", b"Connection:\tKeep-Alive ",
        b"Transfer-Encoding: chunked", b"Content-Encoding: br", b"Retry-After: 7", b"Upgrade: x", b"X: y", b" X: y",
        b"X : y", b"X", b"", b"\r", b"X: a\n\nb", b"From me", b"X: \x85\x0b\x1c", b"Trailer: X",
    ]
)  # fmt: skip


@given(st.lists(LINES), st.sampled_from([b"", b"{}", BODY, BODY * 2]), st.binary(max_size=3), st.integers(0, 80))
def test_what_is_read_at_a_glance_is_what_http_client_reads(
    lines: list[bytes], body: bytes, noise: bytes, where: int
) -> None:
    clean = answer(*lines, body=body)
    received = clean[:where] + noise + clean[where:]
    head = plain_head(received)
    if head is not None and head.ends <= len(received):
        assert (head.status, received[head.begins : head.ends]) == read_carefully(received)
