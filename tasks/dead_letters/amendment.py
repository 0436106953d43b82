"""What a person says an event should have been: some of its fields set, or taken out. Pure."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.events import Coupon, OrderEvent

_OF_COUPONS: Final = frozenset(Coupon.model_fields)
_OF_EVENTS: Final = frozenset(OrderEvent.model_fields)
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
        if self.index is None:
            return self.member or self.field
        return f"{self.field}[{self.index}]" + (f".{self.member}" if self.member else "")


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
