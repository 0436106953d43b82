"""`redeem resume`: closes accounts' breakers by hand; what rests goes out, a few at first."""

from __future__ import annotations

import click

from worker.cli.accounts import act_on_accounts
from worker.cli.printing import json_option


@click.command()
@click.option("--partner", help="Only this partner's accounts.")
@click.option("--shop", help="Only this shop's accounts.")
@click.option("--all", "every", is_flag=True, help="All accounts.")
@json_option
def resume(partner: str | None, shop: str | None, *, every: bool, as_json: bool) -> None:
    """Let an account send again, whatever stopped it"""
    act_on_accounts("resume", "resumed", partner, shop, every=every, as_json=as_json)
