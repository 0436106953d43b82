"""What a reconciliation comes to, in counts and money; an order counts its value once in each sum."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from tasks.reports.comparison import Finding, Kind, Order


@dataclass
class Sum:
    """How many, and how much by currency; the currency is empty where nobody says which."""

    count: int = 0
    money: dict[str, Decimal] = field(default_factory=dict)

    def add(self, value: Decimal | None, currency: str | None) -> None:
        """Add to the money."""
        if value is not None:
            self.money[currency or ""] = self.money.get(currency or "", Decimal(0)) + value

    def to_json(self) -> dict[str, Any]:
        """Count, and currency → amount as a decimal string."""
        return {"count": self.count, "money": {one: str(amount) for one, amount in sorted(self.money.items())}}


@dataclass
class Sums:
    """`reported` are our redemptions, `listed` the statement's readable lines; `found` is by kind and what we know.

    Where values differ the money is the difference, theirs less ours; where a line is listed again it is that line's.
    """

    reported: Sum = field(default_factory=Sum)
    listed: Sum = field(default_factory=Sum)
    found: dict[tuple[Kind, str], Sum] = field(default_factory=dict)
    without_value: int = 0
    """Lines that give no value, whose value was not compared."""

    @property
    def agree(self) -> bool:
        """Whether there is no difference at all."""
        return all(kind is Kind.AGREED for kind, _ in self.found)

    def add(self, order: Order, found: Sequence[Finding]) -> None:
        """Count one order, and what was found about it."""
        readable = [line for line in order.listed if line.problem is None]
        self.reported.count += len(order.reported)
        self.listed.count += len(readable)
        self.without_value += sum(line.value is None for line in readable)
        usual = next((one.currency for one in order.reported if one.currency), None)
        _add_once(self.reported, ((one.value, one.currency) for one in order.reported))
        _add_once(self.listed, ((line.value, line.currency or usual) for line in readable))
        by_kind: dict[tuple[Kind, str], list[Finding]] = {}
        for one in found:
            by_kind.setdefault((one.kind, one.here), []).append(one)
        for key, findings in by_kind.items():
            total = self.found.setdefault(key, Sum())
            total.count += len(findings)
            if key[0] is Kind.LISTED_TWICE:
                for one in findings:
                    total.add(*money(one))
            else:
                _add_once(total, map(money, findings))


def money(finding: Finding) -> tuple[Decimal | None, str | None]:
    """How much is at stake, and in which currency."""
    ours, theirs = finding.ours, finding.theirs
    currency = (theirs.currency if theirs else None) or (ours.currency if ours else None)
    if finding.kind is Kind.VALUE_DIFFERS and ours and theirs and theirs.value is not None:
        return theirs.value - (ours.value or 0), currency
    if finding.kind in (Kind.MISSING_HERE, Kind.LISTED_TWICE, Kind.UNREADABLE):
        return (theirs.value if theirs else None), currency
    return (ours.value, ours.currency) if ours else (None, None)


def _add_once(total: Sum, amounts: Iterable[tuple[Decimal | None, str | None]]) -> None:
    """Of one order, the first amount in each currency."""
    counted: list[str | None] = []  # hardly ever more than one
    for value, currency in amounts:
        if value is not None and currency not in counted:
            counted.append(currency)
            total.add(value, currency)
