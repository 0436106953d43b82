"""`redeem retry`: waiting retries are due now, once a partner is back and nobody wants to wait for the backoff."""

from __future__ import annotations

import click

from tasks import audit
from tasks.dead_letters import Filters
from tasks.waiting import hasten
from worker.cli.connection import connected
from worker.cli.filters import filter_options
from worker.cli.printing import json_option, print_json


@click.command()
@filter_options
@json_option
def retry(filters: Filters, *, as_json: bool) -> None:
    """Bring waiting retries forward to now; --since and --until are about when they were accepted."""
    with connected() as (_, runtime):
        count = 0
        for record in hasten(runtime.ledger, filters):
            count += 1
            if as_json:
                print_json([{"id": record.id}])
        if count:
            audit.record(runtime.ledger, "retry", count=count, what=filters.describe())
    if not as_json:
        click.echo(f"{count} brought forward" if count else "no retries wait")
