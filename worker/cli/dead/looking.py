"""`redeem dead list` and `show`."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import chain, islice
from typing import Final

import click

from tasks.dead_letters.finding import NEEDED, Filters, count_dead, find_dead
from tasks.ledger import Ledger, Record, State
from tasks.ledger.record import JSON_FIELDS
from worker.cli.connection import No, connected
from worker.cli.dead.table import print_letters
from worker.cli.filters import filter_options
from worker.cli.names import remark_on_shop
from worker.cli.printing import json_option, print_json
from worker.cli.show import find, print_record

_SHOWN: Final = tuple({*NEEDED, *JSON_FIELDS})
_ON_A_TERMINAL: Final = 50  # letters; more scroll past


@click.command("list")
@filter_options
@click.option("--newest", is_flag=True, help="The newest first; else the oldest.")
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    help=f"At most so many, 0 for all. Default: {_ON_A_TERMINAL} in a table on a terminal, else all.",
)
@json_option
def list_(filters: Filters, *, newest: bool, limit: int | None, as_json: bool) -> None:
    """List dead letters, oldest first."""
    if limit is None:
        limit = _ON_A_TERMINAL if sys.stdout.isatty() and not as_json else 0
    with connected() as (_, runtime):
        letters = find_dead(runtime.ledger, filters, _SHOWN, newest_first=newest)
        if as_json:
            print_json(record.to_json() for record in islice(letters, limit or None))
        else:
            _print(runtime.ledger, filters, letters, limit)


def _print(ledger: Ledger, filters: Filters, letters: Iterator[Record], limit: int) -> None:
    first = next(letters, None)
    if first is None:
        click.echo("no dead letters" + ("" if filters == Filters() else " match"))
        remark_on_shop(filters.shop)
        return
    rest = islice(letters, limit - 1) if limit else letters
    print_letters(chain([first], rest), ledger.now())
    if limit and next(letters, None) is not None:
        more = count_dead(ledger, filters) - limit
        click.echo(f"… and {more} more; --limit 0 lists all, `redeem dead stats` sums them up")


@click.command()
@click.argument("letter_id", metavar="ID")
@json_option
def show(letter_id: str, *, as_json: bool) -> None:
    """Show one dead letter, and what can be done."""
    with connected() as (_, runtime):
        print_record(runtime.ledger, dead_letter(runtime.ledger, letter_id), as_json=as_json)


def dead_letter(ledger: Ledger, letter_id: str) -> Record:
    """The dead letter of that id, the code in any spelling.

    Raises No.
    """
    record = find(ledger, letter_id)
    if record.state is not State.DEAD:
        raise No(f"{record.id}: no dead letter, it is {record.state}")
    return record
