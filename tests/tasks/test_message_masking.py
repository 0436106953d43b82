"""No address survives in a message that is kept, wherever in it it stood and however it travelled."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.messages.body import body_bytes
from tasks.messages.masking import mask_message
from tests.tasks.examples import ADDRESS, event
from tests.tasks.garbage import envelope
from tests.tasks.test_masking import ADDRESSES

NAMES = st.sampled_from(["email", "order_id", "args", "task", "headers", "customer"]) | st.text(max_size=5) | ADDRESSES
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9) | ADDRESSES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)
TRAVELS = st.sampled_from(["text", "base64", "gzip"])


def travelling(whole: dict[str, Any], body: str, how: str) -> dict[str, Any]:
    if how == "text":
        return whole | {"body": body}
    content = body.encode()
    if how == "gzip":
        whole["headers"]["compression"] = "application/x-gzip"
        content = zlib.compress(content)
    whole["properties"]["body_encoding"] = "base64"
    return whole | {"body": base64.b64encode(content).decode()}


def words(value: object) -> list[str]:
    """Every text in a JSON value, keys too, and those in a text that is JSON itself."""
    if isinstance(value, dict):
        return [word for pair in value.items() for one in pair for word in words(one)]
    if isinstance(value, list):
        return [word for one in value for word in words(one)]
    return [value] if isinstance(value, str) else []


def all_words(kept: bytes) -> list[str]:
    message = json.loads(kept)
    found = words(message)
    if isinstance(message, dict) and isinstance(message.get("body"), str):
        found.append(body_bytes(message).decode(errors="backslashreplace"))
    return found


@given(VALUES, VALUES, VALUES, TRAVELS)
def test_no_address_survives_in_a_message(args: object, kwargs: object, header: object, how: str) -> None:
    whole = envelope("orders", tag="1")
    whole["headers"] |= {"argsrepr": repr(args), "note": header, "origin": "gen1@host"}
    whole["properties"]["note"] = header
    kept = mask_message(json.dumps(travelling(whole, json.dumps([args, kwargs, {"callbacks": header}]), how)).encode())
    assert not [word for word in all_words(kept) if "@" in word and word != "gen1@host"]


@given(VALUES)
def test_nor_in_any_other_json(value: object) -> None:
    kept = mask_message(json.dumps(value).encode())
    assert not [word for word in words(json.loads(kept)) if "@" in word]


@given(ADDRESSES, st.sampled_from(["{}", "[1, {}", "<a>{}</a>", '{{"email": "{}"', "'{}'", "{}\x00"]), TRAVELS)
def test_nor_in_what_is_no_json(address: str, around: str, how: str) -> None:
    text = around.format(address)
    assert "@" not in mask_message(text.encode(errors="replace")).decode()
    whole = envelope("orders", tag="1")
    del whole["headers"]["origin"]
    kept = mask_message(json.dumps(travelling(whole, text.encode(errors="replace").decode(), how)).encode())
    assert not [word for word in all_words(kept) if "@" in word]


def test_a_body_in_latin_1_loses_the_address() -> None:
    whole = envelope("orders")
    whole["body"] = base64.b64encode(f"müller <{ADDRESS}>".encode("latin-1")).decode()
    whole["properties"]["body_encoding"] = "base64"
    kept = json.loads(mask_message(json.dumps(whole).encode()))
    assert kept["body"] == "m\\xfcller <[masked]>"


def test_a_message_without_personal_data_stays_byte_for_byte() -> None:
    whole = envelope("orders")
    whole["headers"] |= {"argsrepr": repr([event()]), "compression": None}
    raw = json.dumps(whole, indent=7).encode()
    assert mask_message(raw) == raw


def test_a_header_named_as_a_field_of_an_event_is_no_event() -> None:
    whole = envelope("orders")
    whole["headers"] |= {"shop": "uk", "argsrepr": ADDRESS}
    assert json.loads(mask_message(json.dumps(whole).encode()))["headers"]["task"] == "orders.completed"


@given(st.binary(max_size=200) | st.text(max_size=200).map(lambda text: text.encode(errors="surrogatepass")))
def test_any_bytes_can_be_kept(raw: bytes) -> None:
    assert b"@" not in mask_message(raw) or not is_text(raw)


@pytest.mark.parametrize("depth", [33, 200, 900, 9000, 100_000])
@pytest.mark.parametrize("around", ["{}", '{{"body": {}}}', '{{"headers": {{"x": {}}}}}', '{{"order_id": {}}}'])
def test_any_depth_can_be_kept(depth: int, around: str) -> None:
    nested = "[" * depth + f'"{ADDRESS}"' + "]" * depth
    assert b"jane" not in mask_message(around.format(nested).encode())


def is_text(raw: bytes) -> bool:
    try:
        raw.decode()
    except UnicodeDecodeError:
        return False
    return True
