"""Numbers, money and times as people read them on our pages. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Final

_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SIGNS: Final = {"EUR": "€", "GBP": "£", "USD": "$"}
_REASONS: Final = {
    "invalid_event": "invalid event",
    "incomplete": "incomplete",
    "unroutable": "no account",
    "master_code": "master code",
    "too_old": "too old",
    "rejected": "rejected",
    "gave_up": "gave up",
    "unreadable_message": "unreadable message",
    "unknown_task": "unknown task",
    "crashed": "crashed workers",
}


def money(amount: Decimal | str | None, currency: str | None) -> str:
    """`€1,234.50`; other currencies by their code, `1,234.50 CHF`; empty without an amount."""
    if amount is None or amount == "":
        return ""
    number = f"{Decimal(amount):,.2f}"
    sign = _SIGNS.get(currency or "")
    return f"{sign}{number}" if sign else f"{number} {currency or ''}".strip()


def moneys(totals: Mapping[str, Decimal]) -> list[str]:
    """Sums by currency, the largest first."""
    return [money(amount, currency) for currency, amount in sorted(totals.items(), key=lambda one: -one[1])]


def in_words(parts: Iterable[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    *most, last = list(parts) or [""]
    return f"{', '.join(most)} and {last}" if most else last


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 dead letter`, `1,204 dead letters`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float | None) -> str:
    """Two units at most: `35 ms`, `2.1 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`; a dash for None."""
    if seconds is None:
        return "–"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = int(seconds)
    for unit, name, smaller, small in ((_DAY, "d", _HOUR, "h"), (_HOUR, "h", _MINUTE, "min"), (_MINUTE, "min", 1, "s")):
        if whole >= unit:
            rest = whole % unit // smaller
            return f"{whole // unit} {name}" + (f" {rest} {small}" if rest else "")
    raise AssertionError(seconds)


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago, in one unit: `just now`, `40 s`, `12 min`, `5 h`, `3 d`; a dash for never."""
    if moment is None:
        return "–"
    seconds = int((now - moment).total_seconds())
    for unit, name in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit} {name}"
    return f"{seconds} s" if seconds > 0 else "just now"


def clock(moment: datetime | None) -> str:
    """`2026-11-21 20:15:03`, UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%S") if moment else "–"


def reason(name: str | None) -> str:
    """A dead letter's reason in words."""
    return _REASONS.get(name or "", (name or "unknown").replace("_", " "))
