"""`redeem reconcile`: a partner's statement against what was reported, in counts and money and line by line."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from pathlib import Path
from typing import Any, Final

import click

from tasks.reports.comparison import Finding
from tasks.reports.reconciliation import Scope
from tasks.reports.reconciliation import reconcile as reconcile_
from tasks.reports.reconciliation_sums import Sums
from tasks.reports.statement import NoStatement, Statement, Wishes
from worker.cli.connection import No, connected
from worker.cli.csv_output import output, write_csv
from worker.cli.period import Period, check_shop, period_options, warn_if_forgotten
from worker.cli.printing import json_option, print_json, print_table
from worker.cli.reconciled import COLUMNS, TABLE, cells, describe, difference, summary, summary_rows
from worker.cli.statement_options import statement_options

_AT_ONCE: Final = 1000  # rows of a table: its columns are as wide as their widest cell


class Unreadable(click.ClickException):
    """The file is no statement: exit status 2."""

    exit_code = 2


def _tolerance(_context: click.Context, _option: click.Parameter, given: str) -> Decimal:
    try:
        tolerance = Decimal(given)
    except InvalidOperation:
        raise click.BadParameter(f"{given!r} is no amount such as 0.01") from None
    if not tolerance.is_finite() or tolerance < 0:
        raise click.BadParameter(f"{given!r} is no amount from 0 on")
    return tolerance


@click.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="STATEMENT.csv")
@period_options
@statement_options
@click.option("--tolerance", default="0.01", show_default=True, callback=_tolerance, help="Values may be off by it.")
@click.option("--output", "path", type=click.Path(dir_okay=False, path_type=Path), help="The differences, as CSV.")
@json_option
@click.pass_context
def reconcile(context: click.Context, /, file: Path, period: Period, wishes: Wishes, **options: Any) -> None:  # noqa: ANN401 - an option each
    """Compare a partner's statement with what was reported in a period, by order and code.

    Give the statement's period and partner: whatever else was reported is missing there. Exit status 0 where all
    agrees, 1 where anything differs, 2 for a file that cannot be read as a statement.
    """
    statement = _statement(file, wishes)
    scope = Scope(period.partner, period.shop, period.since, period.until)
    with connected() as (_, runtime):
        check_shop(runtime, period)
        warn_if_forgotten(runtime, period)
        try:
            sums, differences = reconcile_(runtime.ledger, statement, scope, options["tolerance"])
            _tell(statement, period, sums, differences, options)
        except NoStatement as error:
            raise Unreadable(f"{file}: {error}") from error
        except sqlite3.Error as error:
            raise No(f"sorting on disk failed: {error} (TMPDIR says where)") from error
    context.exit(0 if sums.agree else 1)


def _statement(file: Path, wishes: Wishes) -> Statement:
    try:
        return Statement(file, wishes)
    except NoStatement as error:
        raise Unreadable(f"{file}: {error}") from error
    except OSError as error:
        raise Unreadable(f"{file}: {error.strerror}") from error


def _tell(
    statement: Statement, period: Period, sums: Sums, differences: Iterator[Finding], options: dict[str, Any]
) -> None:
    if options["as_json"]:
        print_json(map(difference, differences))
        print_json([summary(statement, sums)])
        return
    click.echo(describe(statement, period))
    print_table(("result", "count", "money"), summary_rows(sums))
    if sums.without_value:
        click.echo(f"\n{sums.without_value} of its lines give no value, which was not compared")
    if options["path"] is not None:
        with output(options["path"]) as file:
            write_csv(COLUMNS, map(difference, differences), file)
    else:
        _print_differences(differences)


def _print_differences(differences: Iterable[Finding]) -> None:
    rest = iter(differences)
    while portion := [cells(one) for one in islice(rest, _AT_ONCE)]:
        click.echo()
        print_table(TABLE, portion)
