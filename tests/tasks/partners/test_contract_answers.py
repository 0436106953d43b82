"""What every partner of the registry makes of answers, the readable and the others."""

from __future__ import annotations

import json
import traceback
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import AccountRefused, Declined, PermanentError, RedemptionError, Unanswered
from tasks.partners import PARTNERS
from tasks.partners.base import Answer, Partner, Receipt
from tests.tasks.examples import ADDRESS

pytestmark = pytest.mark.parametrize("partner", [pytest.param(partner, id=name) for name, partner in PARTNERS.items()])


def read(partner: Partner[Any], status: int, body: bytes | object, retry_after: float | None = None) -> Receipt:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return partner.read(Answer(status, raw, retry_after))


@pytest.mark.parametrize(
    ("status", "retry_after"),
    [(429, 7.0), (429, None)],
)
def test_too_many_requests_did_nothing(partner: Partner[Any], status: int, retry_after: float | None) -> None:
    with pytest.raises(Declined) as caught:
        read(partner, status, b"slow down", retry_after)
    assert (caught.value.status, caught.value.retry_after, caught.value.ambiguous) == (429, retry_after, False)


@pytest.mark.parametrize("status", [500, 502, 503, 504, 599, 301, 302, 307])
@pytest.mark.parametrize("body", [b"", b"<html>", b"{}", b'{"error":"Internal error"}'])
def test_a_fault_of_theirs_may_have_acted(partner: Partner[Any], status: int, body: bytes) -> None:
    with pytest.raises(Unanswered) as caught:
        read(partner, status, body, 3.0)
    assert (caught.value.status, caught.value.retry_after, caught.value.ambiguous) == (status, 3.0, True)


UNREADABLE = {
    "empty": b"",
    "page": b"<html><body>OK</body></html>",
    "truncated": b'{"message":"Coupon redem',
    "truncated envelope": b'{"result":"success","data":{"id":1},"err',
    "not utf-8": b"\xff\xfe\x00{",
    "nested": b"[" * 200_000,
    "nested object": b'{"a":' * 100_000,
    "nested and whole": b'{"message":' + b"[" * 5000 + b"]" * 5000 + b"}",
    "a number beyond all limits": b'{"message":' + b"9" * 5000 + b"}",
    "null": b"null",
    "list": b"[]",
    "text": b'"OK"',
    "number": b"1e999",
    "object": b"{}",
}


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_yes_may_have_acted(partner: Partner[Any], body: bytes) -> None:
    with pytest.raises(Unanswered) as caught:
        read(partner, 200, body)
    assert caught.value.status == 200


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(exclude_categories=[])),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["errors", "data", "code", "message", "error", "id", "redeemed_at", "result"]) | st.text(),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
ENVELOPES = st.fixed_dictionaries(
    {}, optional={"result": JSON, "data": JSON, "errors": JSON, "message": JSON, "error": JSON}
)


BODIES = st.binary() | (JSON | ENVELOPES).map(lambda value: json.dumps(value).encode())


def outcome(partner: Partner[Any], answer: Answer) -> Receipt | RedemptionError:
    """What comes of an answer; anything else that is raised fails the test."""
    try:
        return partner.read(answer)
    except RedemptionError as error:
        return error


@given(status=st.integers(200, 599), body=BODIES)
def test_whatever_comes_is_a_receipt_or_one_of_our_errors(partner: Partner[Any], status: int, body: bytes) -> None:
    came = outcome(partner, Answer(status, body))
    assert came.status == status
    if isinstance(came, Receipt):
        assert status < 500
        texts = list(came.details.values())
    else:
        assert came.message
        texts = [str(came), came.message, came.code or ""]
    for text in texts:
        assert text == "" or text.isprintable()
        assert len(text) < 400
        text.encode()


HOSTILE = [
    f"invalid key for {ADDRESS}",
    "see https://api.uniqodo.com/redeem/K3y%2Fwith/SECRET-CODE/17?valKey=1",
    "a\nforged log line",
    "\x1b[31mred",
    "\ud83d half a pair",
    "x" * 100_000,
]


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("status", [200, 400, 422, 503])
def test_no_text_of_theirs_brings_an_address_or_url_along(partner: Partner[Any], status: int, text: str) -> None:
    for body in (
        {"message": text},
        {"error": text},
        {"errors": [{"code": 204, "message": text}]},
        {"errors": [{"code": text, "message": text}]},
        {"errors": text},
        {"errors": [], "data": {"id": text, "redeemed_at": text}},
    ):
        came = outcome(partner, Answer(status, json.dumps(body).encode()))
        shown = repr(came)
        if isinstance(came, RedemptionError):
            shown += "".join(traceback.format_exception(came)) + f"{came.message}{came.code}"
            assert came.message.isprintable()
            assert len(came.message) < 300
        for trace in ("jane.doe", "://", "SECRET", "\x1b", "\ud83d"):
            assert trace not in shown


def test_errors_are_sorted_by_what_happens_next(partner: Partner[Any]) -> None:
    for status in range(400, 429):
        with pytest.raises((PermanentError, Unanswered, AccountRefused)):
            read(partner, status, b"")
