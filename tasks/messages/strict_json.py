"""JSON as RFC 8259 has it, and nothing beyond: what Python's own reader lets pass would mean something else later.

Pure. A key that stands twice in one object would silently lose the first value, and NaN is no number.
"""

from __future__ import annotations

import json
from decimal import Decimal, InvalidOperation
from typing import Any, Final, NoReturn


class NotJson(ValueError):  # noqa: N818 - named by what it says of the text
    """The text is no JSON, or none that means one thing; the message quotes nothing of it."""


def read_json(text: str, *, decimals: bool = False) -> Any:  # noqa: ANN401 - any JSON value
    """The value that a JSON text stands for; with `decimals` a number that is no integer is a Decimal, digit for digit.

    Raises NotJson.
    """
    try:
        return (_IN_DECIMALS if decimals else _STRICT).decode(text)
    except NotJson:
        raise
    except json.JSONDecodeError as error:
        if not text.strip():
            raise NotJson("empty") from None
        raise NotJson(f"not JSON (line {error.lineno}, column {error.colno})") from None  # the cause holds the text
    except ValueError:  # Python refuses to read more than 4300 digits
        raise NotJson("a number in it has too many digits") from None
    except RecursionError:
        raise NotJson("it nests too deeply") from None


def deepest(value: object) -> int:
    """How many arrays and objects stand within one another in a JSON value; 0 for a scalar."""
    depth, level = 0, [value]
    while level := [member for one in level if isinstance(one, dict | list) for member in _within(one)]:
        depth += 1
    return depth


def _within(value: dict[str, Any] | list[Any]) -> list[Any]:
    """What stands in an array or object, or something that stands for it being one at all."""
    return [*(value.values() if isinstance(value, dict) else value), None]


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotJson("the same key stands twice in one object")
    return found


def _no_number(_: str) -> NoReturn:
    raise NotJson("NaN and Infinity are no JSON")


def _decimal(written: str) -> Decimal:
    try:
        return Decimal(written)
    except InvalidOperation:
        raise NotJson("the exponent of a number in it is too large") from None


_STRICT: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number)
_IN_DECIMALS: Final = json.JSONDecoder(object_pairs_hook=_each_once, parse_constant=_no_number, parse_float=_decimal)
