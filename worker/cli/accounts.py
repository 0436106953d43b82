"""What `redeem pause` and `redeem resume` share: which accounts are meant."""

from __future__ import annotations

from collections.abc import Callable

import click

from tasks import audit
from tasks.intake import account_of
from tasks.ledger import Account
from tasks.partners import PARTNERS
from tasks.runtime import Runtime
from worker.cli.connection import No, connected
from worker.cli.printing import print_json


def act_on_accounts(
    action: str, done: str, partner: str | None, shop: str | None, *, every: bool, as_json: bool
) -> None:
    """Pause or resume the accounts that match; "nothing to do" is said, not an error.

    Raises No where none matches.
    """
    if partner is None and shop is None and not every:
        raise click.UsageError("say which: --partner, --shop, or --all")
    with connected() as (_, runtime):
        accounts = [one for one in _accounts(runtime) if partner in (None, one.partner) and shop in (None, one.shop)]
        if not accounts:
            raise No("no such account")
        act: Callable[[Account], bool] = getattr(runtime.ledger, action)
        changed = [account for account in accounts if act(account)]
        if changed:
            audit.record(runtime.ledger, action, count=len(changed), what=", ".join(one.name for one in changed))
    for account in accounts:
        if as_json:
            print_json([{"partner": account.partner, "shop": account.shop, "changed": account in changed}])
        else:
            click.echo(f"{done if account in changed else f'was {done} already:'} {account.partner} {account.shop}")


def _accounts(runtime: Runtime) -> list[Account]:
    configured = {(p, name) for name, shop in runtime.settings.shops.items() for p in PARTNERS if shop.account(p)}
    known = {Account.parts(name) for name in runtime.ledger.accounts()}
    return [account_of(runtime.settings, *pair)[0] for pair in sorted(configured | known)]
