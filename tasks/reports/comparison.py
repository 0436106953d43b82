"""One order as we reported it and as a partner's statement lists it: what agrees, and what does not. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from itertools import zip_longest
from typing import Final, TypeVar

from tasks.ledger import State
from tasks.reports.statement import Line


class Kind(StrEnum):
    """What was found, in the order in which people look at it."""

    AGREED = "agreed"
    MISSING_THERE = "missing_there"
    MISSING_HERE = "missing_here"
    VALUE_DIFFERS = "value_differs"
    CURRENCY_DIFFERS = "currency_differs"
    LISTED_TWICE = "listed_twice"
    UNREADABLE = "unreadable"


UNKNOWN: Final = "unknown"
OTHER_PERIOD: Final = "other_period"
OTHER_ACCOUNT: Final = "other_account"
OTHER_CODE: Final = "other_code"

# The likeliest explanation of a line first.
_EXPLAINS: Final = (
    OTHER_PERIOD, State.SENDING, State.RETRYING, State.QUEUED, State.DEAD, State.DISCARDED, OTHER_ACCOUNT,
)  # fmt: skip


@dataclass(frozen=True)
class Ours:
    """A redemption as we have it; `at` in milliseconds, when it came to where it is.

    `place` is its state, or why it is not among those that the statement should list: `other_period`, `other_account`.
    """

    id: str
    partner: str
    shop: str
    code: str
    state: str
    place: str
    value: Decimal | None
    currency: str | None
    at: int | None
    reason: str | None = None


@dataclass(frozen=True)
class Finding:
    """`here` is what we know of it: a state, `unknown`, `other_period`, `other_account` or `other_code`; else empty."""

    kind: Kind
    here: str
    order_id: str
    ours: Ours | None = None
    theirs: Line | None = None


@dataclass(frozen=True)
class Order:
    """All there is about one order number: what we reported and the statement should list, what it lists, and what
    else we have.
    """

    order_id: str
    reported: Sequence[Ours]
    listed: Sequence[Line]
    elsewhere: Sequence[Ours] = ()


def compare(order: Order, tolerance: Decimal) -> Iterator[Finding]:
    """What is found: for every reported redemption and for every line one finding at least.

    Lines with a code are held against the redemptions of that code, one each. Lines without one stand for what is left
    of their order, so one of them may stand for several codes.
    """
    lines = _by_code(order.listed, lambda line: line.code or "")
    nameless = lines.pop("", [])
    left: list[Ours] = []
    for code, ours in _by_code(order.reported, lambda one: one.code.upper()).items():
        for one, line in _paired(ours, lines.pop(code, []), tolerance):
            if one and line:
                yield _compare_values(order.order_id, one, line, tolerance)
            elif one:
                left.append(one)
            else:
                yield Finding(Kind.LISTED_TWICE, "", order.order_id, ours[0], line)
    for first, *again in lines.values():
        yield _missing_here(order, first, left)
        yield from (Finding(Kind.LISTED_TWICE, "", order.order_id, None, line) for line in again)
    yield from _compare_nameless(order, left, nameless, tolerance)


def _compare_nameless(order: Order, left: list[Ours], lines: list[Line], tolerance: Decimal) -> Iterator[Finding]:
    if not lines:
        yield from (Finding(Kind.MISSING_THERE, one.place, order.order_id, one) for one in left)
        return
    for place, one in enumerate(left):
        yield _compare_values(order.order_id, one, lines[min(place, len(lines) - 1)], tolerance)
    for line in lines[len(left) :]:
        if order.reported:
            yield Finding(Kind.LISTED_TWICE, "", order.order_id, order.reported[0], line)
        else:
            yield _missing_here(order, line, left)


def _paired(ours: list[Ours], lines: list[Line], tolerance: Decimal) -> Iterator[tuple[Ours | None, Line | None]]:
    """Each with one line at most; of several, in several shops or listed again, those that agree go together."""
    lines, others = list(lines), list[Ours]()
    for one in ours:
        for line in lines:
            if _compare_values("", one, line, tolerance).kind is Kind.AGREED:
                lines.remove(line)
                yield one, line
                break
        else:
            others.append(one)
    yield from zip_longest(others, lines)


def _compare_values(order_id: str, one: Ours, line: Line, tolerance: Decimal) -> Finding:
    """A value or currency that the statement does not give is not compared."""
    kind = Kind.AGREED
    if line.currency and one.currency and line.currency != one.currency:
        kind = Kind.CURRENCY_DIFFERS
    elif line.value is not None and (one.value is None or abs(line.value - one.value) > tolerance):
        kind = Kind.VALUE_DIFFERS
    return Finding(kind, one.place, order_id, one, line)


def _missing_here(order: Order, line: Line, left: Sequence[Ours]) -> Finding:
    same = [one for one in order.elsewhere if line.code in (None, one.code.upper())]
    if same:
        best = min(same, key=lambda one: _EXPLAINS.index(one.place))
        return Finding(Kind.MISSING_HERE, best.place, order.order_id, best, line)
    others = (*left, *order.reported, *order.elsewhere)
    if others:
        return Finding(Kind.MISSING_HERE, OTHER_CODE, order.order_id, others[0], line)
    return Finding(Kind.MISSING_HERE, UNKNOWN, order.order_id, None, line)


_T = TypeVar("_T", Ours, Line)


def _by_code(them: Iterable[_T], code: Callable[[_T], str]) -> dict[str, list[_T]]:
    found: dict[str, list[_T]] = {}
    for one in them:
        found.setdefault(code(one), []).append(one)
    return found
