"""A statement's lines, each read or refused with the reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final

from tasks.reports.statement.amounts import SYMBOLS, parse_amount
from tasks.reports.statement.columns import Wishes
from tasks.reports.statement.layout import Layout, find_layout, read_rows
from tasks.reports.statement.unreadable import NoStatement

_FORCED_TEXT: Final = re.compile(r'="(.*)"', re.DOTALL)
_GUARDED: Final = re.compile(r"'(?=[=+\-@\t\r＝＋－＠])")  # noqa: RUF001 - as reports guard them
_ROUNDED: Final = re.compile(r"[0-9][.,][0-9]+E\+[0-9]+", re.IGNORECASE)
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_TOTALS: Final = frozenset(("summe", "gesamt", "gesamtsumme", "total", "sum", "grand total", "totals"))
_LONGEST: Final = 512


@dataclass(frozen=True)
class Line:
    """One line that lists a redemption; or `problem` says why it cannot be read.

    `code` is in upper case, None where none is given: the line then stands for its order.
    """

    number: int
    order_id: str = ""
    code: str | None = None
    value: Decimal | None = None
    currency: str | None = None
    problem: str | None = None


class Statement:
    """A partner's statement in a file."""

    def __init__(self, path: Path, wishes: Wishes | None = None) -> None:
        """Look through the file once.

        Raises NoStatement and OSError.
        """
        self._path = path
        self.layout: Layout = find_layout(path, wishes or Wishes())
        self.totals = 0
        """Lines that give a sum and list nothing, passed over."""

    def lines(self) -> Iterator[Line]:
        """What it lists, in its order.

        Raises NoStatement where nothing at all can be read, and OSError.
        """
        self.totals, readable, first_problem = 0, 0, None
        for number, cells in read_rows(self._path, self.layout):
            if isinstance(cells, list) and self._is_total(cells):
                self.totals += 1
                continue
            try:
                line = self._line(number, cells)
            except ValueError as error:
                line = Line(number, problem=str(error))
            readable += line.problem is None
            first_problem = first_problem or (line.problem and f"line {line.number}: {line.problem}")
            yield line
        if first_problem and not readable:
            raise NoStatement(f"none of its lines can be read; {first_problem}")

    def _line(self, number: int, cells: list[str] | str) -> Line:
        if isinstance(cells, str):
            raise ValueError(cells)  # noqa: TRY004 - the row's fault, not the caller's
        columns = self.layout.columns
        if len(cells) < columns.width or any(cell.strip() for cell in cells[columns.width :]):
            raise ValueError(f"{len(cells)} cells, where the header has {columns.width}")
        order_id = _text(cells[columns.order], "order number")
        if not order_id:
            raise ValueError("no order number")
        if _ROUNDED.fullmatch(order_id):
            raise ValueError(f"a spreadsheet has rounded the order number to {order_id}")
        code = _text(cells[columns.code], "code") if columns.code is not None else ""
        value, currency = self._money(cells)
        return Line(number, order_id, code.upper() or None, value, currency)

    def _money(self, cells: list[str]) -> tuple[Decimal | None, str | None]:
        columns = self.layout.columns
        named = _currency(cells[columns.currency]) if columns.currency is not None else None
        written = cells[columns.value].strip() if columns.value is not None else ""
        if not written:
            return None, named
        amount = parse_amount(written, self.layout.decimals)
        currencies = {one for one in (named, amount.currency, columns.unit) if one}
        if len(currencies) > 1:
            raise ValueError(f"two currencies: {' and '.join(sorted(currencies))}")
        return amount.value, currencies.pop() if currencies else None

    def _is_total(self, cells: list[str]) -> bool:
        """A line that says it is a sum, and names no code."""
        columns = self.layout.columns
        order_id, code = (cells[place].strip() if place is not None and place < len(cells) else ""
                          for place in (columns.order, columns.code))  # fmt: skip
        first = next(cell for cell in cells if cell.strip()).strip().rstrip(":").casefold()
        return first in _TOTALS and not code and order_id.rstrip(":").casefold() in {"", first}


def _text(cell: str, what: str) -> str:
    """A cell without the tricks that keep spreadsheets from computing it."""
    text = cell.strip()
    if forced := _FORCED_TEXT.fullmatch(text):
        text = forced[1].strip()
    text = _GUARDED.sub("", text, count=1) if _GUARDED.match(text) else text
    if len(text) > _LONGEST or "\n" in text or "\r" in text:
        raise ValueError(f"the {what} goes over several lines, or is longer than {_LONGEST} characters")
    return text


def _currency(cell: str) -> str | None:
    text = cell.strip().upper()
    text = SYMBOLS.get(text, text)
    if text and not _CURRENCY.fullmatch(text):
        raise ValueError(f"{cell.strip()!r} is no currency such as EUR")
    return text or None
