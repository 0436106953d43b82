"""What `redeem pause` and `redeem resume` share: which accounts are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final

import click

from tasks import audit
from tasks.ledger import Account, Ledger
from tasks.plain_text import readable
from tasks.standing.status import accounts_of
from worker.cli.connection import No, connected
from worker.cli.names import PARTNER, SHOP, meant
from worker.cli.printing import print_json

_LONGEST_REASON: Final = 200


@dataclass(frozen=True)
class Which:
    """Which accounts: nothing said, none."""

    partner: str | None = None
    shop: str | None = None
    every: bool = False


def account_options(command: Callable[..., None]) -> Callable[..., None]:
    """--partner, --shop, --all and --reason; the command receives the first three as one `which`."""

    @click.option("--partner", type=PARTNER, help="Only this partner's accounts.")
    @click.option("--shop", type=SHOP, help="Only this shop's accounts.")
    @click.option("--all", "every", is_flag=True, help="All accounts.")
    @click.option("--reason", default="", metavar="TEXT", help="Why, for those who come after; in the audit trail too.")
    @wraps(command)
    def with_accounts(partner: str | None, shop: str | None, *, every: bool, reason: str, **options: Any) -> None:  # noqa: ANN401 - whatever the command takes
        command(Which(partner, shop, every), reason=readable(reason, _LONGEST_REASON), **options)

    return with_accounts


def act_on_accounts(
    action: str, done: str, which: Which, act: Callable[[Ledger, Account], bool], *, reason: str, as_json: bool
) -> None:
    """Pause or resume the accounts that match; "nothing to do" is said, not an error.

    Raises No where none matches.
    """
    if which == Which():
        raise click.UsageError("say which: --partner, --shop, or --all")
    if which.every and which != Which(every=True):
        raise click.UsageError("--all means every account: give it without --partner and --shop")
    with connected() as (_, runtime):
        known = accounts_of(runtime)
        accounts = [one for one in known if which.partner in (None, one.partner) and which.shop in (None, one.shop)]
        if not accounts:
            raise No(f"no such account{_meant(which, known)}")
        changed = [account for account in accounts if act(runtime.ledger, account)]
        if changed:
            what = ", ".join(one.name for one in changed) + (f": {reason}" if reason else "")
            audit.record(runtime.ledger, action, count=len(changed), what=what)
    for account in accounts:
        if as_json:
            print_json([{"partner": account.partner, "shop": account.shop, "changed": account in changed}])
        else:
            click.echo(f"{done if account in changed else f'was {done} already:'} {account.partner} {account.shop}")


def _meant(which: Which, known: Iterable[Account]) -> str:
    shops = {one.shop for one in known}
    if which.shop is not None and which.shop not in shops:
        return f": shop “{which.shop}”{meant(which.shop, shops)}"
    return "; there are " + ", ".join(f"{one.partner} {one.shop}" for one in known)
