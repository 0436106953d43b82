"""JSON as RFC 8259 has it, and nothing beyond: what Python's own reader lets pass would mean something else later.

Pure. A key that stands twice in one object would silently lose the first value, and NaN is no number.

How deep a text may nest is decided here, before Python reads it. Python's own bound is no rule: it differs between
versions, falls with the depth of the call, and from 3.12 on ignores the size of the thread's stack.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn

DEEPEST: Final = 100
"""Arrays and objects within one another in what is read: an order has three, the payload of a shop system ten."""


class NotJson(ValueError):  # noqa: N818 - named by what it says of the text
    """The text is no JSON, or none that means one thing; the message quotes nothing of it."""


def read_json(text: str, *, decimals: bool = False, named_numbers: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The value that a JSON text stands for; with `decimals` a number that is no integer is a Decimal, digit for digit.

    With `named_numbers` NaN and Infinity are taken for an object that names them, which no field of an event accepts:
    so a replay can say which field holds one, and set it. Raises NotJson.
    """
    if nests_deeper(text, DEEPEST):
        raise NotJson("it nests too deeply")
    if not decimals:
        try:
            value = _QUICK.decode(text)
        except ValueError:
            pass  # what is wrong with it, the strict one says
        else:
            kept = _keys_kept(value)
            if kept == text.count(":") or kept == _keys_written(text):
                return value
    try:
        return (_IN_DECIMALS if decimals else _NAMED if named_numbers else _STRICT).decode(text)
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        if not text.strip():
            raise NotJson("empty") from None
        raise NotJson(f"not JSON (line {error.lineno}, column {error.colno})") from None  # the cause holds the text
    except ValueError:  # Python refuses to read more than 4300 digits
        raise NotJson("a number in it has too many digits") from None


def nests_deeper(text: str, levels: int) -> bool:
    """Whether more than so many arrays and objects stand within one another in a JSON text.

    Of a text that is no JSON it tells this as far as a reader gets.
    """
    if text.count("[") + text.count("{") <= levels:  # nothing nests deeper than it has brackets
        return False
    plain = text.encode("ascii", "ignore").replace(b"\\\\", b"").replace(b'\\"', b"")
    outside_strings = b"".join(plain.split(b'"')[::2])
    depth = 0
    for bracket in outside_strings.translate(None, _NO_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > levels:
            return True
    return False


def _keys_written(text: str) -> int:
    """How many keys stand in the objects of a JSON text, or more where a string holds what looks like the end of one.

    A colon follows each key, and before it stands the key's last quote or white space.
    """
    return sum([text.count(end) for end in _KEY_ENDS])


def _keys_kept(value: object) -> int:
    """How many keys the objects in a JSON value have."""
    kept, level = 0, [value]
    for one in level:  # which grows meanwhile
        if type(one) is dict:
            kept += len(one)
            level += [member for member in one.values() if type(member) is dict or type(member) is list]
        elif type(one) is list:
            level += one
    return kept


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("the same key stands twice in one object")
    return found


def _no_number(_: str) -> NoReturn:
    raise NotJson("NaN and Infinity are no JSON")


def _named(written: str) -> dict[str, str]:
    return {"__type__": "float", "__value__": written}


def _decimal(written: str) -> Decimal:
    try:
        return Decimal(written)
    except InvalidOperation:
        raise NotJson("the exponent of a number in it is too large") from None


_NO_BRACKETS: Final = bytes(set(range(256)) - set(b"[{]}"))
_KEY_ENDS: Final = ('":', " :", "\t:", "\n:", "\r:")
# Without a call for each object, which takes half the time: that no key was lost is counted afterwards.
_QUICK: Final = json.JSONDecoder(parse_constant=_no_number)
_STRICT: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number)
_NAMED: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_named)
_IN_DECIMALS: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_decimal)
