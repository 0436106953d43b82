"""How commands print: readable tables for people, one JSON object a line for programs."""

from __future__ import annotations

import json
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, Final

import click
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from worker.cli.plain import plain

_PAGE: Final = 1000  # rows
_READABLE: Final = 100  # columns
_WIDE: Final = 10_000  # columns; a table that goes to a file or a pipe is never truncated

json_option = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def print_json(rows: Iterable[Mapping[str, Any]]) -> None:
    """One JSON object a line, written as they come."""
    for row in rows:
        click.echo(json.dumps(row, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """A table with these columns, written as the rows come; None is an empty cell.

    On a terminal long cells are folded, never cut; on one that is too narrow for the columns each row is a block of
    lines. A column `id` is not folded either as long as others can be: ids are there to be copied. Elsewhere each row
    is one line, and the columns are as wide as the first thousand rows need.
    """
    cells = ([_cell(value) for value in row] for row in rows)
    page = console()
    if not page.is_terminal:
        _print_plain(columns, cells)
        return
    while some := list(islice(cells, _PAGE)):
        _print_folded(page, columns, some)


def _print_plain(columns: Sequence[str], rows: Iterator[list[str]]) -> None:
    first = list(islice(rows, _PAGE))
    widths = [max(map(cell_len, column)) for column in zip(columns, *first, strict=True)]
    for row in chain([columns], first, rows):
        padded = (cell + " " * (width - cell_len(cell)) for cell, width in zip(row, widths, strict=True))
        click.echo("  ".join(padded).rstrip())


def _print_folded(page: Console, columns: Sequence[str], rows: Sequence[list[str]]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in columns:
        longest_word = max(map(len, column.split()))
        table.add_column(column, overflow="fold", min_width=longest_word, no_wrap=column == "id")
    for row in rows:
        table.add_row(*map(Text, row))
    if page.measure(table, options=page.options.update(max_width=_WIDE)).minimum <= page.width:
        page.print(table)
        return
    for row in rows:  # too narrow for columns: a block each
        print_fields(dict(zip(columns, row, strict=True)))
        click.echo()


def print_fields(fields: Mapping[str, object]) -> None:
    """Name and value, a line each; empty ones are left out."""
    given = {name: value for name, value in fields.items() if value not in (None, "", {}, [])}
    width = max((len(name) for name in given), default=0)
    for name, value in given.items():
        text = json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else str(value)
        click.echo(f"{name.ljust(width)}  {plain(text)}")


def print_wrapped(text: str, *, indent: str) -> None:
    """A paragraph, as wide as people read."""
    for line in textwrap.wrap(text, min(console().width, _READABLE), initial_indent=indent, subsequent_indent=indent):
        click.echo(line)


def console() -> Console:
    """The terminal, or a page wide enough for everything."""
    return Console() if sys.stdout.isatty() else Console(width=_WIDE, no_color=True, force_terminal=False)


def _cell(value: object) -> str:
    return "" if value is None else plain(str(value))
