"""Amendments as they are written: `order_value=12.00`, `coupons[1].code=AB12`. Pure.

Fields are named as in the event (`redeem schema`), or as complaints about it name them (`$.coupons[1].code`). Those of
a coupon may stand alone where there is only one. `FIELD=` takes a field out, an unknown one too. Lists and `test` are
written as JSON. Values are held to the rules that events are held to.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Sequence
from typing import Any, Final

from pydantic import ValidationError

from tasks.dead_letters.amendment import Amendment, Assignment, InvalidAmendment
from tasks.events import Coupon, OrderEvent
from tasks.invalid_event import invalid_event
from tasks.messages.strict_json import NotJson, read_json

_OF_COUPONS: Final = frozenset(Coupon.model_fields)
_OF_EVENTS: Final = frozenset(OrderEvent.model_fields)
_LISTS: Final = frozenset({"coupons", "params"})
_AS_JSON: Final = _LISTS | {"test"}
_MOST_PLACES: Final = 50
_OTHER_NAMES: Final = {"partner": "provenance"}  # what tables call it
_WRITTEN: Final = re.compile(r"(?:\$\.)?(\w+)(?:\[(\d{1,3})\])?(?:\.(\w+))?")
_QUOTED: Final = re.compile(r"\$?\['(.*)'\]")


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
        raise InvalidAmendment(f"{text}: must be FIELD=VALUE")
    found = _WRITTEN.fullmatch(written)
    field, index, member = found.groups() if found else (None, None, None)
    field = _OTHER_NAMES.get(field or "", field)
    if field in _OF_COUPONS and index is None and member is None:
        return Assignment("coupons", None, field, _value(written, field, value))
    if field in _OF_EVENTS and _has_place(field, index, member, goes=not value):
        typed = member or ("" if field == "params" and index else field)
        return Assignment(field, None if index is None else int(index), member, _value(written, typed, value))
    if not value:  # an unknown field goes: that is what makes many an event invalid
        quoted = _QUOTED.fullmatch(written)
        return Assignment(quoted[1].replace("\\'", "'") if quoted else written.removeprefix("$."), None, None, None)
    raise InvalidAmendment(
        f"{written}: no field of an event{_meant(member if member and field in _OF_EVENTS else field or written)}"
    )


def _has_place(field: str, index: str | None, member: str | None, *, goes: bool) -> bool:
    if member is not None:
        return field == "coupons" and index is not None and (goes or member in _OF_COUPONS)
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
        return read_json(value)
    except NotJson:
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
