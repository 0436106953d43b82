from __future__ import annotations

import base64
import json
import time
from decimal import Decimal
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.redaction import ADDRESS, SECRET, Redactor
from config.secrecy import secret_parts

KEY = 'k+/=%"\\ü y'


@pytest.mark.parametrize(
    "written",
    [
        KEY,
        quote(KEY),
        quote(KEY, safe=""),
        quote(KEY, safe="").lower(),
        quote_plus(KEY),
        quote(quote(KEY, safe=""), safe=""),
        json.dumps(KEY)[1:-1],
        json.dumps(KEY, ensure_ascii=False)[1:-1],
        repr(KEY)[1:-1],
        urlencode({"k": KEY})[2:],
    ],
)
def test_a_secret_is_found_however_it_is_written(written: str) -> None:
    assert Redactor([KEY]).text(f"a {written} z {written}") == f"a {SECRET} z {SECRET}"


@given(st.text(min_size=4, max_size=12), st.text(max_size=20), st.text(max_size=20))
def test_no_secret_of_any_letters_survives(secret: str, before: str, after: str) -> None:
    text = Redactor([secret]).text(before + secret + after)
    assert secret not in text.replace(SECRET, "").replace(ADDRESS, "") or secret in SECRET + ADDRESS


def test_of_two_secrets_the_longer_goes_first() -> None:
    assert Redactor(["abcd", "abcdefgh"]).text("abcdefgh abcd") == f"{SECRET} {SECRET}"


def test_a_secret_of_three_letters_would_shred_every_line_and_is_let_go() -> None:
    assert Redactor(["abc", ""]).text("abc") == "abc"


@pytest.mark.parametrize(
    "address",
    [
        "jane@example.com",
        "jane.doe+shop@sub.example.co.uk",
        "JANE@EXAMPLE.COM",
        "o'brien@example.ie",
        "jürgen@bücher.de",
        "jane%40example.com",
        "jane%2540example.com",
        "jane_doe-1~x@example.com",
        "j@x.de",
        "a" * 80 + "@example.com",
    ],
)
@pytest.mark.parametrize("around", ["{}", "to {}.", "email={}&x=1", '"{}"', "'{}'", "<{}>", "({})", "a,{};b", "\n{}\n"])
def test_an_address_is_found_wherever_it_stands(address: str, around: str) -> None:
    assert Redactor([]).text(around.format(address)) == around.format(ADDRESS)


@pytest.mark.parametrize("text", ["celery@worker-1 ready", "a @ b.de", "@x.de", "user@", "100%40", "x@y", "@", "40"])
def test_what_only_resembles_an_address_stays(text: str) -> None:
    assert Redactor([]).text(text) == text


@pytest.mark.parametrize("hostile", ["a" * 200_000 + "@", "a@" * 100_000, "a." * 100_000 + "@a", "%40" * 60_000])
def test_no_text_takes_long(hostile: str) -> None:
    started = time.process_time()
    Redactor([]).text(hostile)
    assert time.process_time() - started < 1  # quadratic work would take minutes


def test_the_path_of_a_failed_call_goes() -> None:
    text = "HTTPSConnectionPool(host='api.uniqodo.com', port=443): Max retries exceeded with url: /redeem/k/C?uid=7 (Ca"
    assert Redactor([]).text(text).endswith("Max retries exceeded with url: [path] (Ca")


def test_a_structure_keeps_its_shape_and_plain_values() -> None:
    tree = {"key-4711": [1, 2.5, True, None, ("a key-4711", {"x": "j@x.de"})], "d": Decimal("1.00")}
    assert Redactor(["key-4711"]).tree(tree) == {
        SECRET: [1, 2.5, True, None, [f"a {SECRET}", {"x": ADDRESS}]],
        "d": "1.00",
    }


PIECES = st.sampled_from(
    ["key-4711", "key", "-4711", "a\nb", "a", "b", "\n", "j@x.de", "j", "@x.de", "%40", "with url: ", "/p"]
)


@given(st.lists(st.lists(PIECES, max_size=3).map("".join), max_size=5))
def test_a_structure_is_redacted_as_each_of_its_texts_is(texts: list[str]) -> None:
    redactor = Redactor(["key-4711", "a\nbb"])
    assert redactor.tree(texts) == [redactor.text(text) for text in texts]
    assert redactor.fields({text: [text] for text in texts}) == {
        redactor.text(text): [redactor.text(text)] for text in texts
    }


@pytest.mark.parametrize(
    ("secret", "parts"),
    [
        ("api-key", {"api-key"}),
        ("ann:pass:word", {"ann:pass:word", "pass:word"}),
        ("redis://localhost/0", set()),
        ("redis://:p%2Fw@h/0", {"redis://:p%2Fw@h/0", "p%2Fw", "p/w"}),
        ("redis://default:pw@h/0", {"redis://default:pw@h/0", "pw"}),
        ("unix:///s?db=0&password=pw", {"unix:///s?db=0&password=pw", "pw"}),
        ("https://dsnkey@h/1", {"https://dsnkey@h/1", "dsnkey"}),
        ("redis://[:pw@h", {"redis://[:pw@h"}),
    ],
)
def test_the_password_within_a_secret_is_one_by_itself(secret: str, parts: set[str]) -> None:
    assert secret_parts(secret) == parts


def test_redaction_is_no_encoding_detector() -> None:
    """Said so that nobody relies on it: base64 of a secret is not found."""
    written = base64.b64encode(KEY.encode()).decode()
    assert Redactor([KEY]).text(written) == written
