"""`redeem dead discard`."""

from __future__ import annotations

import click

from tasks.dead_letters.acting import discard_all
from worker.cli.connection import connected
from worker.cli.dead.acting import tell
from worker.cli.dead.choosing import Choice, choice_options, confirm, how_many
from worker.cli.dead.stopping import stopped_by_ctrl_c
from worker.cli.printing import json_option


@click.command()
@choice_options
@json_option
def discard(choice: Choice, *, as_json: bool) -> None:
    """Close dead letters for good, by ID, by filters, or --all."""
    with connected() as (_, runtime):
        selection = choice.selection(runtime.ledger)
        if not choice.sure:
            selection = confirm("discard", runtime.ledger, selection, as_json=as_json)
        total = how_many(runtime.ledger, selection)
        with stopped_by_ctrl_c() as stop:
            tell("discard", discard_all(runtime, selection, stop=stop), choice, stop, total=total, as_json=as_json)
