"""A partner's statement against what we reported, order by order.

Both sides are sorted by order number on disk, so that memory holds one order at a time, however long the statement and
the stream are. Beside what the statement should list, everything else we have is read too: it explains what is listed
there and not reported here.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import chain, groupby, islice
from operator import attrgetter, itemgetter
from typing import Any, Final, cast

from tasks.identity import redemption_id
from tasks.ledger import Ledger, Record, State
from tasks.reports.comparison import OTHER_ACCOUNT, OTHER_PERIOD, Finding, Kind, Order, Ours, compare
from tasks.reports.disk_sort import Cell, sorted_on_disk
from tasks.reports.reconciliation_sums import Sums
from tasks.reports.settled import REPORTED, Selection, settled
from tasks.reports.statement import Line, NoStatement, Statement

_REPORTED, _LISTED, _ELSEWHERE = range(3)
_CLOSED: Final = (*REPORTED, State.DISCARDED)  # the dead are told by their own list, which forgets nothing
_WAITING: Final = (State.QUEUED, State.SENDING, State.RETRYING)
_MOST_OF_AN_ORDER: Final = 10_000
_FIELDS: Final = (
    "state", "partner", "shop", "order_id", "code", "order_value", "currency", "accepted_at", "died_at", "reason",
    "test", "raw_as",
)  # fmt: skip


@dataclass(frozen=True)
class Scope:
    """What the statement should list: what was reported from `since` on and before `until`, to one partner."""

    partner: str | None = None
    shop: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def has_account(self, partner: str, shop: str) -> bool:
        """Whether it is about that account."""
        return self.partner in (None, partner) and self.shop in (None, shop)

    def has_moment(self, at: datetime | None) -> bool:
        """Whether it is about that time."""
        return at is not None and (not self.since or at >= self.since) and (not self.until or at < self.until)


def reconcile(ledger: Ledger, statement: Statement, scope: Scope, tolerance: Decimal) -> tuple[Sums, Iterator[Finding]]:
    """The sums, and then the differences by kind and order number; values may be off by `tolerance`.

    Raises NoStatement where the statement cannot be read, or may be any of several partners'; redis.RedisError;
    sqlite3.Error.
    """
    sums = Sums()
    sides = chain(_listed(statement), _ours(ledger, scope))
    orders = _orders(sorted_on_disk(sides, width=3))
    differences = sorted_on_disk(_differences(orders, tolerance, sums), width=3)
    first = list(islice(differences, 1))  # by now all has been compared
    return sums, (_finding(cell) for _, _, cell in chain(first, differences))


def _differences(orders: Iterable[Order], tolerance: Decimal, sums: Sums) -> Iterator[tuple[Cell, ...]]:
    for order in orders:
        if not order.reported and not order.listed:
            continue  # of another period, or open: most of a long stream
        found = list(compare(order, tolerance)) if order.order_id else list(_unreadable(order))
        sums.add(order, found)
        for one in found:
            if one.kind is not Kind.AGREED:
                number = one.theirs.number if one.theirs else 0
                yield [*Kind].index(one.kind), f"{one.here}\0{order.order_id}\0{number:09}", _finding_cells(one)


def _unreadable(order: Order) -> Iterator[Finding]:
    return (Finding(Kind.UNREADABLE, "", "", None, line) for line in order.listed)


def _orders(rows: Iterable[tuple[Cell, ...]]) -> Iterator[Order]:
    """Each order once. Lines that cannot be read come as the order "", a portion at a time."""
    for order_id, group in groupby(rows, key=itemgetter(0)):
        rest = iter(group)
        while portion := list(islice(rest, _MOST_OF_AN_ORDER)):
            if order_id and len(portion) == _MOST_OF_AN_ORDER:
                raise NoStatement(f"order {order_id!r} is there {_MOST_OF_AN_ORDER} times: is that the order number?")
            sides: tuple[list[Any], ...] = ([], [], [])
            for _, side, cell in portion:
                cells = _restored(cell)
                sides[cast("int", side)].append(_line(cells) if side == _LISTED else _own(cells))
            listed = sorted(sides[_LISTED], key=attrgetter("number"))
            yield Order(str(order_id), sides[_REPORTED], listed, sides[_ELSEWHERE])


def _listed(statement: Statement) -> Iterator[tuple[Cell, ...]]:
    return ((line.order_id, _LISTED, _line_cells(line)) for line in statement.lines())


def _ours(ledger: Ledger, scope: Scope) -> Iterator[tuple[Cell, ...]]:
    """Everything we have; what waits first, since it moves on while this reads."""
    partners = set[str]()
    for record in chain(_open(ledger), settled(ledger, Selection(states=_CLOSED))):
        at = next(filter(None, map(record.moment, ("at", "reported_at", "died_at", "accepted_at"))), None)
        here = scope.has_account(record.partner, record.shop)
        if here and record.state in REPORTED and scope.has_moment(at):
            partners.add(record.partner)
            yield record.order_id, _REPORTED, _own_cells(record, record.state, at)
        else:
            place = OTHER_ACCOUNT if not here else OTHER_PERIOD if record.state in REPORTED else record.state
            yield record.order_id, _ELSEWHERE, _own_cells(record, place, at)
    if len(partners) > 1:
        raise NoStatement(f"whose statement is it? --partner {' or '.join(sorted(partners))}")


def _open(ledger: Ledger) -> Iterator[Record]:
    """What waits or is dead, without test orders and dead letters that are no redemption."""
    keys = [*(f"wake:{name}" for name in sorted(ledger.accounts())), "dead"]
    for values in chain.from_iterable(ledger.survey(key, _FIELDS) for key in keys):
        fields = dict(zip(_FIELDS, values, strict=True))
        if fields["test"] or fields["raw_as"] or State(fields["state"]) not in (*_WAITING, State.DEAD):
            continue
        identity = redemption_id(*(fields[name] for name in ("partner", "shop", "order_id", "code")))
        yield Record(identity, fields)


def _own_cells(record: Record, place: str, at: datetime | None) -> bytes:
    return marshal.dumps(
        (
            record.id,
            record.partner,
            record.shop,
            record.code,
            record.fields["state"],
            str(place),
            record.fields.get("order_value") or None,
            record.fields.get("currency") or None,
            round(at.timestamp() * 1000) if at else None,
            record.reason,
        )
    )


def _line_cells(line: Line) -> bytes:
    return marshal.dumps(_plain(line))


def _finding_cells(found: Finding) -> bytes:
    ours = _plain(found.ours) if found.ours else None
    theirs = _plain(found.theirs) if found.theirs else None
    return marshal.dumps((found.kind.value, found.here, found.order_id, ours, theirs))


def _plain(one: Ours | Line) -> tuple[str | int | None, ...]:
    return tuple(str(value) if isinstance(value, Decimal) else value for value in vars(one).values())


def _restored(cell: Cell) -> Any:  # noqa: ANN401 - what was put in
    return marshal.loads(cell)  # type: ignore[arg-type]  # noqa: S302 - bytes of ours, from a file that only we can open


def _own(cells: Sequence[Any]) -> Ours:
    identity, partner, shop, code, state, place, value, currency, at, reason = cells
    amount = Decimal(value) if value else None
    return Ours(identity, partner, shop, code, state, place, amount, currency, at, reason)


def _line(cells: Sequence[Any]) -> Line:
    number, order_id, code, value, currency, problem = cells
    return Line(number, order_id, code, Decimal(value) if value else None, currency, problem)


def _finding(cell: Cell) -> Finding:
    kind, here, order_id, ours, theirs = _restored(cell)
    return Finding(Kind(kind), here, order_id, _own(ours) if ours else None, _line(theirs) if theirs else None)
