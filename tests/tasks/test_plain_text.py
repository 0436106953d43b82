from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.plain_text import MASK, readable, without, without_addresses

ANY_TEXT = st.text(st.characters(exclude_categories=[]))


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ("nothing here", "nothing here"),
        ("write to jane@example.com now", f"write to {MASK} now"),
        ("jane@localhost", MASK),
        ("<jane@example.com>,", MASK),
        ("jane＠example.com", MASK),  # noqa: RUF001 - the full-width sign is the point
        ("to=jane%40example.com", MASK),
        ("to=jane%2540example.com", MASK),
        ("100%40", "100%40"),
        ("o'hara@example.com", MASK),
        ("a\ud83db", MASK),
        ("", ""),
    ],
)
def test_words_with_addresses_are_masked(text: str, fit: str) -> None:
    assert without_addresses(text) == fit


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Code  already\nredeemed ", "Code already redeemed"),
        ("see https://api.example/redeem/KEY/CODE/1?x=1 there", f"see {MASK} there"),
        ("HTTP://x", MASK),
        ("a\x1b[31mb", "a\N{REPLACEMENT CHARACTER}[31mb"),
        ("\ud83d", "\N{REPLACEMENT CHARACTER}"),
        ("jane@example.com", MASK),
        ("x" * 50, "x" * 20),
        (f"{'x' * 18} jane@example.com", f"{'x' * 18} ["),
    ],
)
def test_a_strangers_text_is_one_short_line(text: str, line: str) -> None:
    assert readable(text, 20) == line[:20]


@given(ANY_TEXT, st.integers(0, 300))
def test_whatever_comes_can_be_kept_and_shown(text: str, longest: int) -> None:
    line = readable(text, longest)
    assert len(line) <= longest
    assert line.isprintable()
    assert "@" not in line
    line.encode()


@given(ANY_TEXT)
def test_what_holds_no_address_is_left_alone(text: str) -> None:
    left = without_addresses(text)
    left.encode()
    assert left == text or MASK in left


def test_takes_linear_time() -> None:
    assert without_addresses("a" * 200_000).startswith("aaa")
    assert without_addresses("%" * 200_000).startswith("%%%")
    assert readable("a." * 100_000, 20) == "a." * 10


def test_what_a_partner_was_told_of_the_customer_is_not_repeated() -> None:
    told = without("no such user: jane no 7, hash 1d94", ["jane no 7", None, "1d94e91"])
    assert told == "no such user: [masked], hash 1d94"
    assert without("?uid=jane%20no%207&x", ["jane no 7"]) == "?uid=[masked]&x"
    assert without("a small f is left", ["f"]) == "a small f is left"
