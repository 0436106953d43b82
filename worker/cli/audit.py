"""`redeem audit`: what operators did, when, and to how many."""

from __future__ import annotations

from datetime import UTC, datetime

import click

from tasks.audit import entries
from worker.cli.connection import connected
from worker.cli.printing import json_option, print_json, print_table


@click.command()
@json_option
def audit(*, as_json: bool) -> None:
    """Show what operators did, oldest first."""
    with connected() as (_, runtime):
        rows = [entry | {"at": _iso(entry["at"])} for entry in entries(runtime.ledger)]
    if as_json:
        print_json(rows)
    elif rows:
        print_table(tuple(rows[0]), (tuple(row.values()) for row in rows))
    else:
        click.echo("nothing yet")


def _iso(milliseconds: int) -> str:
    return datetime.fromtimestamp(milliseconds / 1000, UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
