from __future__ import annotations

import pytest

from tests.config.registry import complaint, load

VARIABLE = "REDEEM_PARTNERS__UNIQODO__BASE_URL"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("https://api.uniqodo.com", "https://api.uniqodo.com"),
        ("https://proxy.example:8443/uniqodo/", "https://proxy.example:8443/uniqodo"),
        ("https://10.0.0.1//", "https://10.0.0.1"),
        ("http://localhost:8000", "http://localhost:8000"),
        ("http://127.0.0.1:8000/", "http://127.0.0.1:8000"),
        ("http://127.9.9.9", "http://127.9.9.9"),
        ("http://[::1]:8000", "http://[::1]:8000"),
        ("http://sandbox.localhost:8000", "http://sandbox.localhost:8000"),
    ],
)
def test_a_base_url_is_absolute_and_has_no_slash_at_the_end(given: str, expected: str) -> None:
    assert load({VARIABLE: given}).endpoint("uniqodo").base_url == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("api.uniqodo.com", "must be an absolute URL"),
        ("ftp://api.uniqodo.com", "must be an absolute URL"),
        ("https://", "must be an absolute URL"),
        ("https:///path", "must be an absolute URL"),
        ("https://api uniqodo.com", "must be an absolute URL"),
        ("https://api.uniqodo.com/a\tb", "must be an absolute URL"),
        ("https://api.uniqodo.com:port", "is no URL"),
        ("https://[::1", "is no URL"),
        ("https://api.uniqodo.com/?key=SEKRET", "must be a URL without user, query and fragment"),
        ("https://api.uniqodo.com/#SEKRET", "must be a URL without user, query and fragment"),
        ("https://ann:SEKRET@api.uniqodo.com", "must be a URL without user, query and fragment"),
        ("http://api.uniqodo.com", "must be https"),
        ("http://10.0.0.1", "must be https"),
        ("http://localhost.example", "must be https"),
    ],
)
def test_another_is_refused(given: str, expected: str) -> None:
    told = complaint({VARIABLE: given})
    assert told.startswith(f"{VARIABLE} (environment): {expected}")
    assert "SEKRET" not in told
