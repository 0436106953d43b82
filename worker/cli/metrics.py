"""`redeem metrics`: what a worker's metrics port tells, once: for node_exporter's textfile collector, or to look at."""

from __future__ import annotations

import click

from worker.cli.connection import connected
from worker.metrics import exposition


@click.command()
def metrics() -> None:
    """Print all metrics once, in Prometheus' text format."""
    with connected() as (_, runtime):
        runtime.ledger.redis.ping()  # away, it would be a metric; here it is a no
        click.echo(exposition(runtime), nl=False)
