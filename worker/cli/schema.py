"""`redeem schema`: the event's JSON Schema, for producers and their validators."""

from __future__ import annotations

import json

import click

from tasks.events import event_schema


@click.command()
def schema() -> None:
    """Print the JSON Schema (2020-12) of the order-completed event."""
    click.echo(json.dumps(event_schema(), indent=2, ensure_ascii=False))
