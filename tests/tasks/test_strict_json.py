"""The quick look at a JSON text lets nothing pass that the strict one, which looks at each object, refuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.messages.strict_json import DEEPEST, NotJson, nests_deeper, read_json

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


def _depth(value: object) -> int:
    """How many arrays and objects of a shallow JSON value stand within one another."""
    if not isinstance(value, dict | list):
        return 0
    return 1 + max(map(_depth, value.values() if isinstance(value, dict) else value), default=0)


_VALUES = st.recursive(
    st.text() | st.sampled_from(["[", '"]', "\\", '\\"{', "é["]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)


@given(_VALUES, st.booleans())
def test_how_deep_a_text_nests_is_told_before_it_is_read(value: object, ascii_only: bool) -> None:  # noqa: FBT001 - a parameter of the test
    text, depth = json.dumps(value, ensure_ascii=ascii_only), _depth(value)
    assert not nests_deeper(text, depth)
    assert depth == 0 or nests_deeper(text, depth - 1)


@pytest.mark.parametrize("around", ["[{}]", '{{"a":{}}}'])
def test_the_bound_is_our_own(around: str) -> None:
    text = "1"
    for _ in range(DEEPEST):
        text = around.format(text)
    assert read_json(text)
    for decimals in (False, True):
        with pytest.raises(NotJson, match="nests too deeply"):
            read_json(around.format(text), decimals=decimals)


@pytest.mark.parametrize("text", ["[" * 5000, "[" * 5000 + "]" * 5000, '{"a":' * 5000, "[" * 5000 + "}"])
def test_too_deep_is_said_of_any_text_alike(text: str) -> None:
    with pytest.raises(NotJson, match="nests too deeply"):
        read_json(text)


def test_a_deep_text_ends_no_process_whose_threads_have_small_stacks() -> None:
    code = """
import threading
from tasks.messages.strict_json import NotJson, read_json

def read():
    try:
        read_json("[" * 9000 + "]" * 9000)
    except NotJson as error:
        print(error)

threading.stack_size(128 * 1024)
thread = threading.Thread(target=read)
thread.start()
thread.join()
"""
    command, root = [sys.executable, "-c", code], Path(__file__).parents[2]
    ended = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stdout) == (0, "it nests too deeply\n"), ended.stderr
