"""The quick look at a JSON text lets nothing pass that the strict one, which looks at each object, refuses."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.messages.strict_json import NotJson, read_json

_SPACE = st.sampled_from(["", " ", "\t", "\n", "\r", " \n "])
_STRINGS = st.sampled_from(
    ['"a"', '"b"', '""', '"\\""', '"\\u0061"', '"\\":"', '"a\\\\"', '"x:y"', '" :"', '"{\\"a\\":1}"']
)
_SCALARS = st.sampled_from(["0", "-1", "1.50", "1e400", "true", "null", "NaN", "Infinity", "9" * 5000]) | _STRINGS


@st.composite
def _objects(draw: st.DrawFn, values: st.SearchStrategy[str]) -> str:
    members = draw(st.lists(st.tuples(_SPACE, _STRINGS, _SPACE, values), max_size=4))
    return "{" + ",".join(f"{before}{key}{after}:{value}" for before, key, after, value in members) + "}"


def _arrays(values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.lists(values, max_size=3).map(lambda all_: "[" + " ,".join(all_) + "]")


_TEXTS = st.recursive(_SCALARS, lambda inner: _objects(inner) | _arrays(inner), max_leaves=12)


def _told(text: str, *, hook: bool) -> object:
    """What comes of a text, or what is said of it; by the reader, or by one with a look at each object."""

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        if len(dict(pairs)) != len(pairs):
            raise NotJson("twice")
        return dict(pairs)

    def no_number(_: str) -> None:
        raise NotJson("no number")

    try:
        if hook:
            return json.dumps(json.loads(text, object_pairs_hook=once, parse_constant=no_number))
        return json.dumps(read_json(text))
    except ValueError:
        return ValueError


@given(_TEXTS | st.builds("{}{}".format, _TEXTS, st.sampled_from(["}", "]", ",", " {}", "\n"])))
def test_what_the_quick_look_lets_pass_is_what_the_strict_one_reads(text: str) -> None:
    assert _told(text, hook=False) == _told(text, hook=True)


@pytest.mark.parametrize(
    "text",
    [
        '{"a":1,"a":1}',
        '{"a" : 1, "a"\n:1}',
        '{"a":1,"\\u0061":2}',
        '[{"a":1},{"b":{"c":1,"c":2}}]',
        '{"coupons":[{"code":"1","code":"2"}]}',
        '[[[{"a":1,"a":1}]]]',
    ],
)
def test_a_key_that_stands_twice_is_refused_wherever_it_stands(text: str) -> None:
    with pytest.raises(NotJson, match="twice"):
        read_json(text)
