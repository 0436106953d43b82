"""`redeem pause`: opens accounts' breakers by hand; nothing is sent, nothing is lost."""

from __future__ import annotations

import click

from worker.cli.accounts import act_on_accounts
from worker.cli.printing import json_option


@click.command()
@click.option("--partner", help="Only this partner's accounts.")
@click.option("--shop", help="Only this shop's accounts.")
@click.option("--all", "every", is_flag=True, help="All accounts.")
@json_option
def pause(partner: str | None, shop: str | None, *, every: bool, as_json: bool) -> None:
    """Stop sending for an account until it is resumed; the give-up clock stands still."""
    act_on_accounts("pause", "paused", partner, shop, every=every, as_json=as_json)
