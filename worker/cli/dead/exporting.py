"""`redeem dead export`: whole dead letters, for a spreadsheet, a ticket, or whoever shall look into them."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import click

from tasks.dead_letters.finding import Filters, count_dead, find_dead
from tasks.ledger import Ledger
from worker.cli.connection import connected
from worker.cli.csv_output import output, write_csv, write_json
from worker.cli.filters import filter_options
from worker.cli.progress import progress
from worker.cli.whole_record import whole

_COLUMNS: Final = (
    "died_at", "reason", "error_code", "error_message", "id", "partner", "shop", "order_id", "code", "order_value",
    "currency", "completed_at", "accepted_at", "attempts", "ambiguous", "note", "later_content", "queue", "raw_bytes",
    "raw", "raw_base64", "history",
)  # fmt: skip


@click.command()
@filter_options
@click.option("--newest", is_flag=True, help="The newest first; else the oldest.")
@click.option("--format", "kind", type=click.Choice(["json", "csv"]), default="json", help="JSON Lines, unless csv.")
@click.option("--output", "path", type=click.Path(dir_okay=False, path_type=Path), help="Into this file, all or none.")
@click.option("--bom", is_flag=True, help="Mark the CSV as UTF-8, for Excel.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, as without it.")
def export(filters: Filters, *, newest: bool, kind: str, path: Path | None, bom: bool, as_json: bool) -> None:
    """Write whole dead letters as JSON Lines or CSV.

    With all that `redeem dead show` tells of them, history and all, oldest first.
    """
    if as_json and kind != "json":
        raise click.UsageError(f"--json and --format {kind} are two things: give one")
    with connected() as (_, runtime):
        seen = path is not None or not sys.stdout.isatty()
        total = count_dead(runtime.ledger, filters) if seen and sys.stderr.isatty() else None
        with output(path, bom=bom) as file, progress("exporting", total) as shown:

            def rows() -> Iterator[Mapping[str, Any]]:
                for letter in _letters(runtime.ledger, filters, newest=newest):
                    shown.step()
                    yield letter

            if kind == "json":
                write_json(rows(), file)
            else:
                write_csv(_COLUMNS, map(_flat, rows()), file)


def _letters(ledger: Ledger, filters: Filters, *, newest: bool) -> Iterator[dict[str, Any]]:
    return (whole(ledger, record) for record in find_dead(ledger, filters, newest_first=newest))


def _flat(letter: Mapping[str, Any]) -> dict[str, Any]:
    """A cell for each column; what has parts, as JSON."""
    cells = {name: letter.get(name) for name in _COLUMNS}
    return {
        name: json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value
        for name, value in cells.items()
    }
