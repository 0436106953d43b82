"""How what `redeem reconcile` found is told: to people in words, to programs in fields."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

from tasks.ledger import State
from tasks.plain_text import readable
from tasks.reports.comparison import OTHER_ACCOUNT, OTHER_CODE, OTHER_PERIOD, UNKNOWN, Finding, Kind
from tasks.reports.reconciliation_sums import Sum, Sums
from tasks.reports.statement import Statement
from worker.cli.period import Period
from worker.cli.status import money as amounts

_LONGEST_NAME: Final = 60
TABLE: Final = ("difference", "order", "code", "line", "ours", "theirs", "known here")
COLUMNS: Final = (
    "kind", "here", "order_id", "code", "line", "our_value", "our_currency", "their_value", "their_currency", "id",
    "partner", "shop", "state", "reason", "at", "problem",
)  # fmt: skip

KINDS: Final = {
    Kind.AGREED: "agreed",
    Kind.MISSING_THERE: "missing there",
    Kind.MISSING_HERE: "missing here",
    Kind.VALUE_DIFFERS: "value differs",
    Kind.CURRENCY_DIFFERS: "currency differs",
    Kind.LISTED_TWICE: "listed twice",
    Kind.UNREADABLE: "unreadable line",
}
HERE: Final = {
    UNKNOWN: "unknown",
    OTHER_PERIOD: "reported at another time",
    OTHER_ACCOUNT: "of another account",
    OTHER_CODE: "the order with another code",
}


def describe(statement: Statement, period: Period) -> str:
    """How the statement was read, and what it is held against."""
    layout = statement.layout
    columns = ", ".join(f"{role} = {readable(name, _LONGEST_NAME)}" for role, name in layout.columns.names.items())
    decimals = f", decimal {layout.decimals}" if layout.decimals else ""
    between = {"\t": "tabs"}.get(layout.delimiter, f"“{layout.delimiter}”")
    totals = f"; lines of totals passed over: {statement.totals}" if statement.totals else ""
    account = " ".join(name for name in (period.partner or "the partner", period.shop) if name)
    since = f" from {_moment(period.since, period)}" if period.since else ""
    until = f" before {_moment(period.until, period)}" if period.until else ""
    when = since + until or ", at any time (--from and --to narrow it)"
    return (
        f"read as       {columns}\n"
        f"              {layout.encoding}, {between} between cells{decimals}{totals}\n"
        f"held against  what was reported to {account}{when}\n"
    )


def summary_rows(sums: Sums) -> Iterator[tuple[object, ...]]:
    """What was reported and listed, and then all that was found."""
    yield "reported here", sums.reported.count, _money(sums.reported)
    yield "listed there", sums.listed.count, _money(sums.listed)
    for (kind, here), total in _in_order(sums):
        sign = " (theirs less ours)" if kind is Kind.VALUE_DIFFERS else ""
        yield _label(kind, here), total.count, _money(total) + (sign if total.money else "")


def cells(found: Finding) -> tuple[object, ...]:
    """A row of the table of differences."""
    ours, theirs = found.ours, found.theirs
    shown = found.here != OTHER_CODE
    return (
        _label(found.kind, found.here),
        found.order_id,
        _code(found),
        theirs.number if theirs else None,
        _amount(ours.value, ours.currency) if ours and shown else None,
        _amount(theirs.value, theirs.currency) if theirs else None,
        _known(found),
    )


def difference(found: Finding) -> dict[str, Any]:
    """All of it, for programs; None where there is nothing."""
    ours, theirs = found.ours, found.theirs
    return {
        "kind": found.kind.value,
        "here": found.here or None,
        "order_id": found.order_id or None,
        "code": _code(found),
        "line": theirs.number if theirs else None,
        "our_value": _number(ours.value) if ours else None,
        "our_currency": ours.currency if ours else None,
        "their_value": _number(theirs.value) if theirs else None,
        "their_currency": theirs.currency if theirs else None,
        "id": ours.id if ours else None,
        "partner": ours.partner if ours else None,
        "shop": ours.shop if ours else None,
        "state": ours.state if ours else None,
        "reason": ours.reason if ours else None,
        "at": _iso(ours.at) if ours and ours.at else None,
        "problem": theirs.problem if theirs else None,
    }


def summary(statement: Statement, sums: Sums) -> dict[str, Any]:
    """The last line of --json."""
    found = [{"kind": kind, "here": here or None, **total.to_json()} for (kind, here), total in _in_order(sums)]
    return {
        "kind": "summary",
        "agree": sums.agree,
        "reported": sums.reported.to_json(),
        "listed": sums.listed.to_json(),
        "found": found,
        "without_value": sums.without_value,
        "totals_passed_over": statement.totals,
    }


def _in_order(sums: Sums) -> list[tuple[tuple[Kind, str], Sum]]:
    kinds = [*Kind]
    return sorted(sums.found.items(), key=lambda item: (kinds.index(item[0][0]), item[0][1] == State.PRESUMED, item[0]))


def _label(kind: Kind, here: str) -> str:
    if kind is Kind.MISSING_HERE:
        return f"{KINDS[kind]}: {HERE.get(here, here)}"
    if here == State.PRESUMED:
        return f"{KINDS[kind]}, presumed " + ("until now" if kind is Kind.AGREED else "here")
    return KINDS[kind]


def _code(found: Finding) -> str | None:
    if found.theirs is not None and found.theirs.code:
        return found.theirs.code
    return found.ours.code if found.ours and found.here != OTHER_CODE else None


def _known(found: Finding) -> str | None:
    if found.theirs is not None and found.theirs.problem:
        return found.theirs.problem
    if found.ours is None:
        return None
    ours = found.ours
    reason = f" ({ours.reason})" if ours.reason else ""
    at = f" {_iso(ours.at)}" if ours.at else ""
    return f"{ours.state}{reason}{at}  {ours.id}"


def _money(total: Sum) -> str:
    return amounts(total.to_json()["money"])


def _amount(value: Decimal | None, currency: str | None) -> str | None:
    return None if value is None else " ".join(part for part in (str(value), currency) if part)


def _number(value: Decimal | None) -> str | None:
    return None if value is None else str(value)


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _moment(moment: datetime, period: Period) -> str:
    return f"{moment.astimezone(period.zone):%Y-%m-%d %H:%M} {period.zone}"
