"""`redeem pause`: opens accounts' breakers by hand; nothing is sent, nothing is lost."""

from __future__ import annotations

import click

from tasks.audit import operator
from tasks.ledger import Account, Ledger
from worker.cli.accounts import Outcome, Which, account_options, act_on_accounts
from worker.cli.printing import json_option


@click.command()
@account_options
@json_option
def pause(which: Which, *, reason: str, as_json: bool) -> None:
    """Stop sending for an account until it is resumed; the give-up clock stands still."""
    by = operator()

    def act(ledger: Ledger, account: Account) -> Outcome:
        return Outcome(ledger.pause(account, by=by, why=reason))

    act_on_accounts("pause", "paused", which, act, reason=reason, as_json=as_json)
