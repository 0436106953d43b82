"""`redeem dead stats`: what is dead, in counts and money, grouped as asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import click

from tasks.dead_letters.finding import NEEDED, Filters, find_dead
from tasks.ledger import Record
from tasks.standing.order_values import Money
from worker.cli.ages import age
from worker.cli.connection import connected
from worker.cli.filters import filter_options
from worker.cli.names import remark_on_shop
from worker.cli.printing import console, json_option, print_json, print_table
from worker.cli.status import money
from worker.cli.whole_record import iso

_GROUPS: Final = ("partner", "shop", "reason", "error_code")
_HEADS: Final = {"error_code": "code"}


@dataclass
class Sum:
    """Some letters together."""

    count: int = 0
    money: Money = field(default_factory=Money)
    oldest: datetime | None = None
    newest: datetime | None = None

    def add(self, record: Record) -> None:
        """Count one; they come oldest first."""
        died = record.moment("died_at")
        self.count += 1
        self.money.add(record)
        self.oldest, self.newest = self.oldest or died, died or self.newest


@click.command()
@filter_options
@click.option(
    "--by",
    "groups",
    multiple=True,
    type=click.Choice(_GROUPS),
    help="Group by this; may be given again. Default: by all of them.",
)
@json_option
def stats(filters: Filters, *, groups: tuple[str, ...], as_json: bool) -> None:
    """Sum dead letters up, in counts and money.

    Each order counts once, however many of its codes are dead; test orders are no money.
    """
    by = tuple(dict.fromkeys(groups)) or _GROUPS
    with connected() as (_, runtime):
        sums, total = _sums(find_dead(runtime.ledger, filters, NEEDED), by)
        now = runtime.ledger.now()
    largest_first = sorted(sums.items(), key=lambda item: (-item[1].count, item[0]))
    if as_json:
        print_json(_named(by, group) | _to_json(one) for group, one in largest_first)
        return
    if not total.count:
        click.echo("no dead letters" + ("" if filters == Filters() else " match"))
        remark_on_shop(filters.shop)
        return
    rows = [(*group, *_cells(one, now)) for group, one in largest_first]
    if len(rows) > 1:
        rows.append(("all", *("" for _ in by[1:]), *_cells(total, now)))
    print_table((*(_HEADS.get(name, name) for name in by), "count", "money", "oldest", "newest"), rows)


def _sums(letters: Iterable[Record], by: tuple[str, ...]) -> tuple[dict[tuple[str, ...], Sum], Sum]:
    sums: dict[tuple[str, ...], Sum] = {}
    total = Sum()
    for record in letters:
        group = tuple(_value(record, name) for name in by)
        sums.setdefault(group, Sum()).add(record)
        total.add(record)
    return sums, total


def _value(record: Record, name: str) -> str:
    if name == "shop" and not record.is_redemption:
        return ""  # what a stranger wrote, of which there may be any number
    return record.fields.get(name, "")


def _named(by: tuple[str, ...], group: tuple[str, ...]) -> dict[str, Any]:
    return {name: value or None for name, value in zip(by, group, strict=True)}


def _to_json(one: Sum) -> dict[str, Any]:
    return {
        "count": one.count,
        "money": one.money.to_json(),
        "oldest": iso(one.oldest),
        "newest": iso(one.newest),
    }


def _cells(one: Sum, now: datetime) -> tuple[object, ...]:
    """On a terminal ages, elsewhere the moments themselves."""
    moments = (one.oldest, one.newest)
    told = [age(moment, now) for moment in moments] if console().is_terminal else map(iso, moments)
    return (one.count, money(one.money.to_json()), *told)
