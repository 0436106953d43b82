"""Reads a vendor's payload with distrust: what is absent or of the wrong kind is noted with its path, all at once.

Pure. No value is ever quoted, for it may be anybody's name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from tasks.invalid_event import FieldError, json_path
from tasks.money import to_cents
from tasks.shop_systems.base import Unmapped

_AMOUNT: Final = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,30})?")
_MOST_DIGITS: Final = 12  # before the dot, as in the event
_FINEST: Final = Decimal("0.000001")
_UNKNOWN: Final = "unknown"


class Payload:
    """An object in a payload, and where it stands; all that came of one payload share one list of faults."""

    def __init__(self, value: object, path: tuple[int | str, ...] = (), faults: list[FieldError] | None = None) -> None:
        self._path = path
        self.faults: list[FieldError] = [] if faults is None else faults
        self._members: Mapping[str, Any] = value if isinstance(value, Mapping) else {}
        if not isinstance(value, Mapping):
            self.fault("must be a JSON object")

    def at(self, name: str) -> Payload:
        """The object within; one that is absent or null is empty."""
        return Payload(self._empty_as(name, {}), (*self._path, name), self.faults)

    def each(self, name: str) -> list[Payload]:
        """The objects of an array within; PHP writes an array with gaps as an object, so its values are taken too."""
        found = self._empty_as(name, [])
        if isinstance(found, Mapping):
            return [Payload(value, (*self._path, name, key), self.faults) for key, value in found.items()]
        if not isinstance(found, list):
            self.fault("must be an array", name)
            return []
        return [Payload(value, (*self._path, name, index), self.faults) for index, value in enumerate(found)]

    def pairs(self, lists: str, name: str, value: str) -> Payload:
        """An array of names and values, read as one object; of a name that stands there twice the last counts."""
        named = [(one.member(name), one.member(value)) for one in self.each(lists)]
        members = {key: found for key, found in named if isinstance(key, str)}
        return Payload(members, (*self._path, lists), self.faults)

    def member(self, name: str) -> object:
        """Whatever stands there; None where nothing does."""
        return self._members.get(name)

    def has(self, name: str) -> bool:
        """Whether it is there, and not null."""
        return self._members.get(name) is not None

    def is_empty(self, name: str) -> bool:
        """Whether an array is there and nothing is in it, which is another thing than that none is there."""
        return self._members.get(name) in ([], {})

    def text(self, name: str) -> str | None:
        """A text without the space around it, or a number as text; None where it is absent or says nothing."""
        value = self._members.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        if value is not None and not isinstance(value, str):
            self.fault("must be a text", name)
            return None
        return (value or "").strip() or None

    def says(self, name: str, *words: str) -> bool:
        """Whether it is one of these words, in any case; true and 1 are `true` and `1`."""
        value = self._members.get(name)
        return isinstance(value, bool | int | str) and str(value).strip().lower() in words

    def says_yes(self, name: str) -> bool:
        """True, 1, or a text that says so."""
        return self.says(name, "1", "true", "yes", "on")

    def amount(self, name: str) -> Decimal:
        """An amount of money, to six decimals; required, and NaN with everything reckoned from it where it is none.

        What floats leave behind (119.00000000000001) goes.
        """
        value = self._members.get(name)
        if value is None:
            self.fault("required", name)
            return Decimal("NaN")
        try:
            return _amount(value).quantize(_FINEST)
        except (ValueError, InvalidOperation):
            self.fault('must be an amount such as "219.99"', name)
            return Decimal("NaN")

    def sum_of(self, lists: str, name: str) -> Decimal:
        """The sum of one amount over an array's objects."""
        return sum((one.amount(name) for one in self.each(lists)), Decimal(0))

    def fault(self, message: str, name: str | None = None) -> None:
        """Note what is wrong with this object, or with one of its members."""
        path = self._path if name is None else (*self._path, name)
        self.faults.append(FieldError(json_path(path), message))

    def require(self, event: dict[str, Any]) -> dict[str, Any]:
        """The event without what is None. Raises Unmapped where anything was wrong with what it was made of."""
        mapped = {name: value for name, value in event.items() if value is not None}
        if self.faults:
            raise Unmapped(tuple(dict.fromkeys(self.faults))[:20], mapped)
        return mapped

    def _empty_as(self, name: str, empty: object) -> object:
        """A member; PHP has one empty array, which it writes as `[]` also where an object is meant."""
        value = self._members.get(name)
        return empty if value is None or value == [] else value


def written(amount: Decimal) -> str:
    """An amount as the event has it: two decimals, rounded half up; a word where it could not be read."""
    return _UNKNOWN if amount.is_nan() else str(to_cents(amount))


def exact(amount: Decimal) -> str:
    """An amount as the event has one that is still to be reckoned with: two to six decimals; otherwise as `written`."""
    if amount.is_nan():
        return _UNKNOWN
    whole, _, fraction = f"{amount.quantize(_FINEST):f}".partition(".")
    return f"{whole}.{fraction.rstrip('0'):0<2}"


def _amount(value: object) -> Decimal:
    if isinstance(value, str) and _AMOUNT.fullmatch(value.strip()):
        return Decimal(value.strip())
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**_MOST_DIGITS:
        return Decimal(value)
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MOST_DIGITS:
        return value
    raise ValueError
