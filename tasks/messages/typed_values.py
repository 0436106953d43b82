"""Values that kombu wrote together with their type, read as the text that they stand for. Pure.

Since 5.3 kombu sends a Decimal as `{"__type__": "decimal", "__value__": "219.99"}`, and dates, times, UUIDs and bytes
in the same shape (kombu/utils/json.py). Before, it sent the text alone. An event knows only text.
"""

from __future__ import annotations

import uuid
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Final

_KEYS: Final = {"__type__", "__value__"}
_MOST_DIGITS: Final = 40
"""Of a decimal that is written out: far more than any amount has, and no trap such as 1E+999999."""


def may_hold_types(text: str) -> bool:
    """Whether a JSON text may hold such a value; cheap, and never wrong where it says no."""
    return "__type__" in text or "\\u" in text  # as it stands, or escaped


def types_as_text(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """The JSON value with each typed value in it replaced by its text.

    What has that shape but is of no known type, or is not of the type that it names, stays as it is.
    """
    if isinstance(value, list):
        return [types_as_text(member) for member in value]
    if not isinstance(value, dict):
        return value
    text = _text(value) if is_typed(value) else None
    return {name: types_as_text(member) for name, member in value.items()} if text is None else text


def is_typed(value: object) -> bool:
    """Whether a JSON value has the shape of a typed one."""
    return isinstance(value, dict) and value.keys() == _KEYS


def _text(value: Mapping[str, Any]) -> str | None:
    kind, written = value["__type__"], value["__value__"]
    reader = _READERS.get(kind) if isinstance(kind, str) else None
    if reader is None or not isinstance(written, dict if reader is _uuid else str):
        return None
    try:
        return reader(written)
    except (ValueError, ArithmeticError):
        return None


def _decimal(written: str) -> str | None:
    number = Decimal(written)
    if not number.is_finite() or abs(number.adjusted()) > _MOST_DIGITS or len(number.as_tuple().digits) > _MOST_DIGITS:
        return None
    return f"{number:f}"  # 1E+2 is how Decimal writes 100.00 once it is normalised


def _uuid(written: Mapping[str, Any]) -> str | None:
    given = written.get("hex")
    return str(uuid.UUID(hex=given)) if written.keys() == {"hex"} and isinstance(given, str) else None


def _checked(read: Callable[[str], object]) -> Callable[[str], str]:
    """The text itself, once it is known to be of its type."""

    def text(written: str) -> str:
        read(written)
        return written

    return text


_READERS: Final[Mapping[str, Callable[[Any], str | None]]] = {
    "decimal": _decimal,
    "datetime": _checked(datetime.fromisoformat),
    "date": _checked(date.fromisoformat),
    "time": _checked(time.fromisoformat),
    "uuid": _uuid,
    "bytes": str,
    "base64": lambda written: b64decode(written, validate=True).decode(),
}
