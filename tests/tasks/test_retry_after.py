"""The partner's wish to be left alone for a while (RFC 9110 §10.2.3), and errors in our own words."""

from __future__ import annotations

import socket
import ssl
from datetime import UTC, datetime

import pytest
import requests
import urllib3
from hypothesis import given
from hypothesis import strategies as st

from tasks.deadline_socket import PassingDeadline
from tasks.http_client import describe, parse_retry_after

NOW = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("999999999", 999999999.0),
        ("Sat, 21 Nov 2026 20:16:30 GMT", 90.0),
        ("Sat, 21 Nov 2026 20:16:30 -0000", 90.0),
        ("Sat, 21 Nov 2026 21:16:30 +0100", 90.0),
        ("Saturday, 21-Nov-26 20:16:30 GMT", 90.0),
        ("Sat Nov 21 20:16:30 2026", 90.0),
        ("Fri, 20 Nov 2026 20:16:30 GMT", 0.0),
        ("Mon, 01 Jan 0001 00:00:00 +2359", 0.0),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("1e3", None),
        ("٣", None),
        ("²", None),
        ("1" * 5000, None),
        ("Sat, 99 Nov 2026 20:16:30 GMT", None),
        ("Mon, 01 Jan 99999 00:00:00 GMT", None),
        ("Mon, 01 Jan 2026 00:00:00 +99999999999999", None),
    ],
)
def test_seconds_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, now=NOW) == seconds


DATE_LIKE = st.from_regex(
    r"(Mon, )?[0-9]{1,7} (Jan|Nov|Xxx) [0-9]{1,12} [0-9]{1,3}:[0-9]{1,3}(:[0-9]{1,12})? [+-]?[0-9A-Z]{0,20}"
)


@given(st.text() | DATE_LIKE)
def test_nothing_a_partner_writes_there_is_raised(header: str) -> None:
    seconds = parse_retry_after(header, now=NOW)
    assert seconds is None or seconds >= 0


SECRET = "https://api.example/redeem/s3cr3tkey/C0DE/17"


def raised_from(outer: Exception, inner: BaseException) -> Exception:
    outer.__cause__ = inner
    return outer


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (PassingDeadline(SECRET), "the call's deadline passed"),
        (requests.ConnectionError(raised_from(OSError(SECRET), PassingDeadline(SECRET))), "the call's deadline passed"),
        (requests.exceptions.SSLError(ssl.SSLCertVerificationError(1, SECRET)), "TLS failed"),
        (requests.ConnectionError(socket.gaierror(-2, SECRET)), "the host name could not be resolved"),
        (raised_from(requests.ConnectionError(SECRET), ConnectionRefusedError(111, SECRET)), "connection refused"),
        (TimeoutError(SECRET), "timed out"),
        (BrokenPipeError(32, SECRET), "connection reset"),
        (OSError(113, SECRET), "ehostunreach"),
        (OSError(99999, SECRET), "network error"),
        (requests.exceptions.InvalidURL(SECRET), "the address cannot be used"),
        (urllib3.exceptions.LocationParseError(SECRET), "the address cannot be used"),
        (ValueError(SECRET), "the answer is garbled"),
        (OSError(SECRET), "OSError"),
        (requests.RequestException(SECRET), "RequestException"),
    ],
)
def test_errors_are_told_in_our_own_words(error: Exception, words: str) -> None:
    assert describe(error) == words


def test_a_chain_that_runs_in_a_circle_ends() -> None:
    one, other = OSError(SECRET), OSError(SECRET)
    one.__context__, other.__context__ = other, one
    assert describe(one) == "OSError"
