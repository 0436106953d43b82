"""Amounts as people and programs write them: `1.234,56`, `1,234.56`, `1 234.5`, `219,99 €`, `(12.00)`. Pure.

A lone separator before three digits may be either: `1.234` is refused unless the file tells which.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Final


class Decimals(StrEnum):
    """Which sign stands before the decimals."""

    POINT = "point"
    COMMA = "comma"


@dataclass(frozen=True)
class Amount:
    """A number, and the currency that was written beside it."""

    value: Decimal
    currency: str | None = None


SYMBOLS: Final = {"€": "EUR", "£": "GBP"}
"""The signs that stand for one currency only."""

_BLANKS: Final = " \N{NO-BREAK SPACE}\N{NARROW NO-BREAK SPACE}\N{THIN SPACE}"
_CURRENCY: Final = rf"(?:[A-Z]{{3}}|[{''.join(SYMBOLS)}])"
_AMOUNT: Final = re.compile(
    rf"(?P<open>\()?(?P<sign>[-+−]?)[{_BLANKS}]*(?P<before>{_CURRENCY})?[{_BLANKS}]*(?P<sign2>[-+−]?)"  # noqa: RUF001 - the minus sign
    rf"(?P<number>[0-9.,](?:[0-9.,'’{_BLANKS}]*[0-9])?)"  # noqa: RUF001 - an apostrophe
    rf"(?P<trailing>[-−]?)[{_BLANKS}]*(?P<after>{_CURRENCY})?(?P<close>\))?"  # noqa: RUF001 - as above
)


def _pattern(decimal: str, other: str) -> re.Pattern[str]:
    grouping = re.escape(f"{other}'’{_BLANKS}")  # noqa: RUF001 - an apostrophe
    whole = rf"(?:[1-9][0-9]{{0,2}}(?P<group>[{grouping}])[0-9]{{3}}(?:(?P=group)[0-9]{{3}})*|[0-9]{{1,15}})"
    point = re.escape(decimal)
    return re.compile(rf"(?P<whole>{whole})(?:{point}(?P<fraction>[0-9]{{1,6}}))?|{point}(?P<bare>[0-9]{{1,6}})")


_PATTERNS: Final = {Decimals.POINT: _pattern(".", ","), Decimals.COMMA: _pattern(",", ".")}


def told_decimals(text: str) -> Decimals | None:
    """Which sign stands before the decimals, as far as this amount alone can tell."""
    written = _AMOUNT.fullmatch(text.strip())
    values = _values(written["number"]) if written else {}
    return next(iter(values)) if len(values) == 1 else None


def parse_amount(text: str, decimals: Decimals | None) -> Amount:
    """Read an amount; `decimals` is the file's sign, None where it is not known.

    Raises ValueError, whose text is a reason to read.
    """
    written = _AMOUNT.fullmatch(text.strip())
    if written is None:
        raise ValueError(f"{text!r} is no amount")
    values = _values(written["number"])
    if decimals is not None:
        values = {sign: value for sign, value in values.items() if sign is decimals}
    if not values:
        sign = f" with a decimal {decimals}" if decimals else ""
        raise ValueError(f"{text!r} is no amount{sign}")
    if len(set(values.values())) > 1:
        either = " or ".join(str(value) for value in sorted(values.values()))
        raise ValueError(f"{text!r} may be {either}: say --decimal point or --decimal comma")
    return Amount(next(iter(values.values())) * _sign(written, text), _currency(written, text))


def _values(number: str) -> dict[Decimals, Decimal]:
    """What the number is, read in either way."""
    found = {}
    for sign, pattern in _PATTERNS.items():
        if read := pattern.fullmatch(number):
            whole = re.sub(r"[^0-9]", "", read["whole"] or "0")
            fraction = read["fraction"] or read["bare"]
            found[sign] = Decimal(f"{whole}.{fraction}" if fraction else whole)
    return found


def _sign(written: re.Match[str], text: str) -> int:
    signs = [sign for sign in (written["sign"], written["sign2"], written["trailing"], written["open"]) if sign]
    if len(signs) > 1 or bool(written["open"]) != bool(written["close"]):
        raise ValueError(f"{text!r} is no amount")
    return -1 if signs and signs[0] != "+" else 1


def _currency(written: re.Match[str], text: str) -> str | None:
    if written["before"] and written["after"]:
        raise ValueError(f"{text!r} has two currencies")
    found: str | None = written["before"] or written["after"]
    return SYMBOLS.get(found, found) if found else None
