"""Dead letters as a table: on a terminal compact, a letter a line or two; elsewhere a line each, nothing left out."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import islice
from typing import Final

from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

from tasks.ledger import Record
from worker.cli.ages import age
from worker.cli.plain import plain
from worker.cli.printing import console, print_table

_COLUMNS: Final = ("died", "reason", "id", "value", "attempts", "text")
_SHORT_COLUMNS: Final = ("age", "reason", "id", "value")
_ROOM_FOR_TEXT: Final = 30  # columns; with less of them the text has a line of its own
_PAGE: Final = 500


def print_letters(letters: Iterable[Record], now: datetime) -> None:
    """Print them as they come; `now` is the server's time, which their ages are told by."""
    page = console()
    if not page.is_terminal:
        print_table(_COLUMNS, map(_cells, letters))
        return
    rest = iter(letters)
    while some := list(islice(rest, _PAGE)):
        _print_short(page, some, now)


def _cells(record: Record) -> tuple[object, ...]:
    died = record.moment("died_at")
    return (
        died.strftime("%Y-%m-%d %H:%M:%S") if died else None,
        record.reason,
        record.id,
        _value(record),
        record.attempts or None,
        _text(record),
    )


def _print_short(page: Console, letters: Sequence[Record], now: datetime) -> None:
    rows = [_short_cells(letter, now) for letter in letters]
    widths = [max(map(cell_len, column)) for column in zip(_SHORT_COLUMNS, *rows, strict=True)]
    room = page.width - sum(widths) - 2 * len(widths)
    beside = room >= _ROOM_FOR_TEXT
    heads = (*_SHORT_COLUMNS, "text") if beside else _SHORT_COLUMNS
    page.print(Text(_line(heads, widths), style="bold"), soft_wrap=True)
    for letter, row in zip(letters, rows, strict=True):
        text = plain(_text(letter))
        if beside:
            page.print(Text(_line([*row, _cut(text, room)], widths)), soft_wrap=True)
        else:
            page.print(Text(_line(row, widths)), soft_wrap=True)
            page.print(Text(f"  {_cut(text, page.width - 2)}", style="dim"), soft_wrap=True)


def _short_cells(record: Record, now: datetime) -> list[str]:
    reason = " ".join(filter(None, (record.reason, record.fields.get("error_code"))))
    cells = (age(record.moment("died_at"), now), reason, record.id, _value(record) or "")
    return list(map(plain, cells))


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """The cells beside each other; what is beyond the widths as it is."""
    padded = [set_cell_size(cell, width) for cell, width in zip(cells, widths, strict=False)]
    return "  ".join([*padded, *cells[len(widths) :]]).rstrip()


def _cut(text: str, width: int) -> str:
    """One line of it; all of it is in `redeem dead show`."""
    return text if cell_len(text) <= width else set_cell_size(text, width - 1).rstrip() + "…"


def _value(record: Record) -> str | None:
    if record.order_value is None:
        return None
    return f"{record.order_value} {record.fields.get('currency', '')}".rstrip()


def _text(record: Record) -> str:
    text = record.fields.get("error_message", "")
    return f"order {record.order_id}: {text}" if record.order_id and not record.is_redemption else text
