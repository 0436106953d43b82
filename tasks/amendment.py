"""What a person says an event should have been: `order_value=12.00`, `coupons[1].code=AB12`. Pure.

Fields are named as in the event (`redeem schema`), or as complaints about it name them (`$.coupons[1].code`). Those of
a coupon may stand alone where there is only one. `FIELD=` takes a field out, an unknown one too. Lists and `test` are
written as JSON. Values are held to the rules that events are held to.
"""

from __future__ import annotations

import copy
import difflib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from tasks.events import Coupon, OrderEvent
from tasks.invalid_event import invalid_event

_OF_COUPONS: Final = frozenset(Coupon.model_fields)
_OF_EVENTS: Final = frozenset(OrderEvent.model_fields)
_LISTS: Final = frozenset({"coupons", "params"})
_AS_JSON: Final = _LISTS | {"test"}
_MOST_PLACES: Final = 50
_OTHER_NAMES: Final = {"partner": "provenance"}  # what tables call it
_WRITTEN: Final = re.compile(r"(?:\$\.)?(\w+)(?:\[(\d{1,3})\])?(?:\.(\w+))?")
_QUOTED: Final = re.compile(r"\$?\['(.*)'\]")
_PARTS: Final = frozenset({"gross_value", "tax", "shipping"})

_ONE_ORDERS_OWN: Final = frozenset(
    {"order_id", "code", "validation_key", "email", "email_hash", "customer_id", "coupons"}
)
_TOLD: Final = _OF_EVENTS | _OF_COUPONS - {"validation_key"}
_PERSONAL: Final = frozenset({"email", "email_hash", "customer_id", "params", "coupons"})


class InvalidAmendment(Exception):  # noqa: N818 - named by what happened, as its neighbours are
    """It cannot be read, or cannot be done to the event at hand; the text says why and holds no value."""


@dataclass(frozen=True)
class Assignment:
    """One field and what it becomes; None takes it out. `index` is that of the coupon or the param, if one is given."""

    field: str
    index: int | None
    member: str | None
    value: Any

    @property
    def name(self) -> str:
        """As it is written before the equals sign."""
        index = "" if self.index is None else f"[{self.index}]"
        return f"{self.field}{index}" + (f".{self.member}" if self.member else "")


@dataclass(frozen=True)
class Amendment:
    """Some fields set right; without any, nothing is changed."""

    assignments: tuple[Assignment, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.assignments)

    @property
    def one_orders_own(self) -> list[str]:
        """The fields among them that no two orders have in common."""
        return [one.name for one in self.assignments if (one.member or one.field) in _ONE_ORDERS_OWN and one.value]

    def told(self) -> dict[str, Any]:
        """For a history: each field and its value, personal ones without."""
        return {
            one.name: "…" if one.value is not None and not _is_public(one) else one.value for one in self.assignments
        }

    def apply(self, event: Mapping[str, Any]) -> dict[str, Any]:
        """The event with these fields set, still to be validated; what they stand in place of is gone.

        Raises InvalidAmendment where it has no such place.
        """
        amended = copy.deepcopy(dict(event))
        for one in self.assignments:
            _assign(amended, one)
        given = {one.field for one in self.assignments if one.value is not None}
        for name in _replaced_by(given):
            amended.pop(name, None)
        return amended


UNCHANGED: Final = Amendment()


def parse_amendment(texts: Sequence[str]) -> Amendment:
    """Read `FIELD=VALUE` once or several times.

    Raises InvalidAmendment for what is no field of an event, and for a value that no event could have there.
    """
    amendment = Amendment(tuple(map(_assignment, texts)))
    _check_values(amendment)
    return amendment


def _assignment(text: str) -> Assignment:
    written, equals, value = text.partition("=")
    written = written.strip()
    if not equals or not written:
        raise InvalidAmendment(f"{written or text!r}: must be FIELD=VALUE")
    found = _WRITTEN.fullmatch(written)
    field, index, member = found.groups() if found else (None, None, None)
    field = _OTHER_NAMES.get(field or "", field)
    if field in _OF_COUPONS and index is None and member is None:
        return Assignment("coupons", None, field, _value(written, field, value))
    if field in _OF_EVENTS and _has_place(field, index, member):
        typed = member or ("" if field == "params" and index else field)
        return Assignment(field, None if index is None else int(index), member, _value(written, typed, value))
    if not value:  # an unknown field goes: that is what makes many an event invalid
        quoted = _QUOTED.fullmatch(written)
        return Assignment(quoted[1].replace("\\'", "'") if quoted else written.removeprefix("$."), None, None, None)
    raise InvalidAmendment(
        f"{written}: no field of an event{_meant(member if member and field in _OF_EVENTS else field or written)}"
    )


def _has_place(field: str, index: str | None, member: str | None) -> bool:
    if member is not None:
        return field == "coupons" and index is not None and member in _OF_COUPONS
    return index is None or (field in _LISTS and int(index) < _MOST_PLACES)


def _meant(name: str) -> str:
    close = difflib.get_close_matches(name, sorted(_OF_EVENTS | _OF_COUPONS), n=1, cutoff=0.6)
    return f"; did you mean {close[0]}?" if close else f": it has {', '.join(sorted(_OF_EVENTS | _OF_COUPONS))}"


def _value(written: str, field: str, value: str) -> Any:  # noqa: ANN401 - any JSON value
    if not value:
        return None
    if field not in _AS_JSON:
        return value
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        example = "true" if field == "test" else '["a", "b"]' if field == "params" else '[{"code": "AB12"}]'
        raise InvalidAmendment(f"{written}: must be JSON, such as {example}") from None  # the cause repeats the value


def _check_values(amendment: Amendment) -> None:
    """Each value by itself, before any event is looked at; what fields have to do with each other is seen there."""
    given = Amendment(tuple(one for one in amendment.assignments if one.value is not None))
    places = 1 + max((one.index or 0 for one in given.assignments), default=0)
    event = {"order_id": "1", "coupons": [{"code": "1"} for _ in range(places)], "params": [""] * places}
    try:
        OrderEvent.model_validate(given.apply(event))
    except ValidationError as error:
        if any(one["type"] != "rule" for one in error.errors(include_url=False, include_input=False)):
            raise InvalidAmendment(str(invalid_event(error))) from None  # the cause holds the values


def _assign(event: dict[str, Any], one: Assignment) -> None:
    if one.member is None and one.index is None:
        _put(event, one.field, one.value)
        return
    items = event.get(one.field) or []
    if not isinstance(items, list):
        raise InvalidAmendment(f"{one.name}: {one.field} is no list: set all of it, as JSON")
    index = _index(items, one)
    if index == len(items):
        if one.value is None:
            return
        event[one.field] = items
        items.append({} if one.member else "")
    if one.member is None and one.value is None and one.field == "coupons":
        del items[index]
    elif one.member is None:
        items[index] = one.value or ""
    elif isinstance(items[index], dict):
        _put(items[index], one.member, one.value)
    else:
        raise InvalidAmendment(f"{one.name}: it is no JSON object: set all of {one.field}, as JSON")


def _index(items: list[Any], one: Assignment) -> int:
    if one.index is None and len(items) > 1:
        raise InvalidAmendment(f"{one.member}: it has {len(items)} coupons; say which: coupons[0].{one.member}=…")
    if (one.index or 0) > len(items):
        raise InvalidAmendment(f"{one.name}: it has only {len(items)} {one.field}")
    return one.index or 0


def _put(fields: dict[str, Any], name: str, value: object) -> None:
    if value is None:
        fields.pop(name, None)
    else:
        fields[name] = value


def _replaced_by(given: set[str]) -> frozenset[str]:
    gone: set[str] = set()
    if given & _PARTS and "order_value" not in given:
        gone.add("order_value")
    if "order_value" in given and not given & _PARTS:
        gone |= _PARTS
    if len(given & {"email", "email_hash"}) == 1:
        gone |= {"email", "email_hash"} - given
    return frozenset(gone)


def _is_public(one: Assignment) -> bool:
    return (one.member in _TOLD) if one.member else one.field in _TOLD - _PERSONAL
