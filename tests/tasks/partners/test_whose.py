"""Whose yes it is: told by the order and the code that it repeats, as far as it does."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from html import escape
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import Unanswered
from tasks.partners.base import Answer, Receipt, check_whose
from tasks.partners.uniqodo import Uniqodo
from tests.tasks.examples import redemption


def repeating(repeated: dict[str, object]) -> Receipt:
    """Uniqodo's yes with that in its data."""
    return Uniqodo().read(Answer(200, json.dumps({"data": {"id": 1} | repeated, "errors": []}).encode()))


REDEMPTION = redemption("uniqodo", order_id="00145789", code="ab12E3gh")


@pytest.mark.parametrize(
    "repeated",
    [
        {},
        {"order_id": "00145789", "code": "ab12E3gh"},
        {"order_id": " 00145789 ", "code": " AB12E3GH\n"},
        {"order_id": 145789, "code": "ab12e3gh"},
        {"order_id": 145789.0},
        {"order_id": None, "code": None},
        {"order_id": "", "code": "   "},
        {"order_id": "-", "code": "****"},
        {"order_id": {"number": "00145789", "id": 7}, "code": ["AB12E3GH"]},
        {"order_id": {}, "code": [[], None, "-"]},
        {"order_id": True, "code": False},
    ],
)
def test_a_yes_that_repeats_ours_or_nothing_is_ours(repeated: dict[str, object]) -> None:
    check_whose(repeating(repeated), REDEMPTION)


@pytest.mark.parametrize(
    ("repeated", "field"),
    [
        ({"order_id": "145789", "code": "ab12E3gh"}, "order_id"),
        ({"order_id": "00145788"}, "order_id"),
        ({"order_id": 145788}, "order_id"),
        ({"order_id": 145789.5}, "order_id"),
        ({"order_id": float("nan")}, "order_id"),
        ({"order_id": 10**400}, "order_id"),
        ({"order_id": "00145789", "code": "AB12E3GI"}, "code"),
        ({"code": 12}, "code"),
        ({"order_id": {"number": "7"}}, "order_id"),
        ({"order_id": "00145789", "code": [["x"]]}, "code"),
        ({"order_id": "00145789", "code": "AB12E3GH%20X"}, "code"),
        ({"order_id": "7", "code": "X"}, "order_id"),
    ],
)
def test_a_yes_that_names_another_is_ambiguous_and_does_not_repeat_it(repeated: dict[str, object], field: str) -> None:
    receipt = repeating(repeated)
    with pytest.raises(Unanswered) as caught:
        check_whose(receipt, REDEMPTION)
    assert caught.value.message == f"HTTP 200 with the answer to another call: its {field} is not ours"
    assert (caught.value.status, caught.value.ambiguous) == (200, True)


@given(order=st.text(min_size=1), code=st.text(min_size=1))
def test_what_was_asked_is_always_ours(order: str, code: str) -> None:
    for data in ({"order_id": order, "code": code}, {"order_id": f" {order}", "code": code.upper()}):
        check_whose(Receipt(200, {}, data["order_id"], data["code"]), redemption("uniqodo", order_id=order, code=code))


@pytest.mark.parametrize("code", ["A/B C+ä", "50%", "R&B <3", "%41"])
@pytest.mark.parametrize("encode", [quote, partial(quote, safe=""), quote_plus, escape])
def test_a_text_may_be_repeated_as_it_stood_in_the_url_or_for_a_page(code: str, encode: Callable[[str], str]) -> None:
    asked = redemption("uniqodo", order_id=code, code=code)
    check_whose(repeating({"order_id": encode(code), "code": encode(code).lower()}), asked)


@given(st.integers(0, 10**20))
def test_a_number_is_ours_as_a_number_too(order: int) -> None:
    for repeated in (order, float(order), f"{order}"):
        check_whose(Receipt(200, {}, repeated), redemption("uniqodo", order_id=f"{order}"))
