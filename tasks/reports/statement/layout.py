"""How a statement is laid out: its encoding, its delimiter, where its header is, its columns and its decimal sign."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tasks.reports.statement.amounts import Decimals, told_decimals
from tasks.reports.statement.columns import Columns, Wishes, find_columns, has_order
from tasks.reports.statement.encoding import encoding_of
from tasks.reports.statement.unreadable import NoStatement

if TYPE_CHECKING:
    from _csv import Reader  # the name that the type of csv.reader has, to type checkers only

_DELIMITERS: Final = (";", ",", "\t", "|")
_HEADER_WITHIN: Final = 50
"""Lines; above its header a statement may have a title and an address."""


@dataclass(frozen=True)
class Layout:
    """See the module. `above` is how many lines come before the first that lists something."""

    encoding: str
    delimiter: str
    above: int
    columns: Columns
    decimals: Decimals | None
    """None where the amounts do not tell, or contradict each other."""


Row = tuple[int, list[str] | str]
"""The line a row ends on, and its cells; or why it has none."""


def find_layout(path: Path, wishes: Wishes) -> Layout:
    """Look through the whole file.

    Raises NoStatement and OSError.
    """
    encoding = wishes.encoding or encoding_of(path)
    try:
        with path.open(encoding=encoding, newline="") as file:
            delimiter, above, header = _header(list(islice(file, _HEADER_WITHIN)), wishes)
        layout = Layout(encoding, delimiter, above, find_columns(header, wishes), None)
        return replace(layout, decimals=Decimals(wishes.decimals) if wishes.decimals else _decimals(path, layout))
    except (UnicodeError, LookupError) as error:
        raise NoStatement(f"it cannot be read as {encoding}: {error}") from error


def read_rows(path: Path, layout: Layout) -> Iterator[Row]:
    """Every row below the header, blank ones left out.

    Raises NoStatement where a quote is never closed, or the encoding is another, and OSError.
    """
    try:
        with path.open(encoding=layout.encoding, newline="") as file:
            for _ in islice(file, layout.above):
                pass
            yield from _rows(csv.reader(file, delimiter=layout.delimiter, strict=True), layout.above)
    except UnicodeError as error:
        raise NoStatement(f"it cannot be read as {layout.encoding}: {error}") from error


def _rows(reader: Reader, above: int) -> Iterator[Row]:
    while True:
        began = above + reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "end of data" in str(error):
                raise NoStatement(f"the quote that opens in line {began} is never closed") from error
            yield above + reader.line_num, f"no CSV: {error}"
            continue
        if any(cell.strip() for cell in cells):
            yield above + reader.line_num, cells


def _header(lines: list[str], wishes: Wishes) -> tuple[str, int, list[str]]:
    """The delimiter, the header's line, and its cells: the first line that has a column for the order number."""
    for above, line in enumerate(lines, start=1):
        read = {delimiter: _cells(line, delimiter) for delimiter in wishes.delimiter or _DELIMITERS}
        fit = {delimiter: cells for delimiter, cells in read.items() if has_order(cells, wishes)}
        widest = max(map(len, fit.values()), default=0)
        best = [delimiter for delimiter, cells in fit.items() if len(cells) == widest]
        if widest > 1 and len(fit) > 1 and min(map(len, fit.values())) > 1:
            raise NoStatement(
                f"line {above} can be parted by {' or '.join(map(repr, fit))}: say which with --delimiter"
            )
        if best:
            return best[0], above, fit[best[0]]
    raise NoStatement(_no_header(lines, wishes))


def _no_header(lines: list[str], wishes: Wishes) -> str:
    if not any(line.strip() for line in lines):
        return "it is empty"
    if wishes.order is not None:
        return f"none of its first {len(lines)} lines has a column {wishes.order!r}"
    first = next(line.strip() for line in lines if line.strip())
    return (
        f"none of its first {len(lines)} lines names a column for the order number (Bestellnummer, Order ID, …): name "
        f"it with --order-column; it begins with {first[:100]!r}"
    )


def _cells(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), [])
    except csv.Error:
        return []


def _decimals(path: Path, layout: Layout) -> Decimals | None:
    """The sign that all amounts agree on which tell by themselves."""
    place = layout.columns.value
    if place is None:
        return None
    told = set[Decimals]()
    for _, cells in read_rows(path, layout):
        if isinstance(cells, list) and place < len(cells) and (sign := told_decimals(cells[place])):
            told.add(sign)
    return told.pop() if len(told) == 1 else None
