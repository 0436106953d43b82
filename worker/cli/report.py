"""`redeem report`: every settled redemption of a period, for the books and for a partner's statement."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from tasks.ledger import Record, State
from tasks.reports.daily_totals import daily_totals, to_json
from tasks.reports.settled import SETTLED, Selection, settled
from worker.cli.connection import No, connected
from worker.cli.csv_output import output, write_csv, write_json
from worker.cli.period import Period, check_shop, period_options, warn_if_forgotten

_COLUMNS: Final = (
    "completed_at", "reported_at", "partner", "shop", "order_id", "code", "state", "order_value", "currency",
    "attempts", "reason", "error_code", "error_message", "receipt", "id",
)  # fmt: skip
_DAILY_COLUMNS: Final = (
    "day", "partner", "shop", "state", "currency", "redemptions", "orders", "order_value",
)  # fmt: skip

_STATES: Final = [state.value for state in SETTLED]


@click.command()
@period_options
@click.option("--state", "states", multiple=True, type=click.Choice(_STATES), help="Only these; may be given again.")
@click.option("--daily", is_flag=True, help="Totals by day, partner, shop, state and currency; each order once.")
@click.option("--output", "path", type=click.Path(dir_okay=False, path_type=Path), help="Into this file, all or none.")
@click.option("--bom", is_flag=True, help="Mark the CSV as UTF-8, for Excel.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, instead of CSV.")
def report(
    period: Period, states: tuple[str, ...], path: Path | None, *, daily: bool, bom: bool, as_json: bool
) -> None:
    """Print every settled redemption of a period: redeemed, presumed, dead or discarded.

    Each once, by its latest outcome, in the order of the outcomes; no test orders. The period goes by when it was
    reported to the partner, or died, or was discarded. Without --from it begins with what the ledger remembers,
    without --to it ends now.
    """
    chosen = tuple(map(State, states)) or SETTLED
    selection = Selection(period.since, period.until, period.partner, period.shop, chosen)
    columns: Sequence[str]
    rows: Iterable[Mapping[str, Any]]
    with connected() as (_, runtime):
        check_shop(runtime, period)
        warn_if_forgotten(runtime, period)
        outcomes = settled(runtime.ledger, selection)
        try:
            if daily:
                columns = _DAILY_COLUMNS
                rows = (to_json(day, total) for day, total in daily_totals(outcomes, period.zone))
            else:
                columns = _COLUMNS
                rows = (record.to_json() if as_json else _cells(record) for record in outcomes)
            with output(path, bom=bom and not as_json) as file:
                write_json(rows, file) if as_json else write_csv(columns, rows, file)
        except sqlite3.Error as error:
            raise No(f"sorting on disk failed: {error} (TMPDIR says where)") from error


def _cells(record: Record) -> Mapping[str, Any]:
    """As `to_json` has it, but that what is JSON stays the text that it is."""
    reported_at = record.moment("reported_at")
    if reported_at is None:
        return record.fields
    return {**record.fields, "reported_at": reported_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")}
