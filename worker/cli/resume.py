"""`redeem resume`: closes accounts' breakers by hand; what rests goes out, a few at first."""

from __future__ import annotations

import click

from tasks.ledger import Ledger
from worker.cli.accounts import Which, account_options, act_on_accounts
from worker.cli.printing import json_option


@click.command()
@account_options
@json_option
def resume(which: Which, *, reason: str, as_json: bool) -> None:
    """Let an account send again, whatever stopped it."""
    act_on_accounts("resume", "resumed", which, Ledger.resume, reason=reason, as_json=as_json)
