"""`redeem retry`: waiting retries are due now, once a partner is back and nobody wants to wait for the backoff."""

from __future__ import annotations

import click

from tasks import audit
from tasks.dead_letters.finding import Filters
from tasks.standing.order_values import Money
from tasks.standing.waiting import hasten
from worker.cli.connection import connected
from worker.cli.filters import filter_options
from worker.cli.names import remark_on_shop
from worker.cli.printing import json_option, print_json
from worker.cli.status import money


@click.command()
@filter_options
@json_option
def retry(filters: Filters, *, as_json: bool) -> None:
    """Bring waiting retries forward to now: those that match, or without filters all.

    --since and --until are about when they were accepted. Only dead letters have a reason and an error code: those
    are brought back by `redeem dead replay`.
    """
    count, value = 0, Money()
    with connected() as (_, runtime):
        try:
            for record in hasten(runtime.ledger, filters):
                count += 1
                value.add(record)
                if as_json:
                    print_json([{"id": record.id}])
        finally:  # also of what was done before Ctrl-C
            if count:
                audit.record(runtime.ledger, "retry", count=count, what=filters.describe())
    if as_json:
        return
    if count:
        worth = money(value.to_json())
        click.echo(f"{count} brought forward" + (f", worth {worth}" if worth else ""))
    else:
        click.echo("no retries wait" if filters == Filters() else "no retries match")
        remark_on_shop(filters.shop)
        if filters.reason or filters.error_code:
            click.echo("note: only dead letters have a reason and an error code: see `redeem dead replay`", err=True)
