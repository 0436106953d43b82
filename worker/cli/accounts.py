"""What `redeem pause` and `redeem resume` share: which accounts are meant."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
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


@dataclass(frozen=True)
class Outcome:
    """What became of one account."""

    changed: bool
    """Whether anything is another than before for the workers."""
    details: tuple[str, ...] = ()
    """Sentences for people."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Further fields for `--json`."""
    noted: bool = False
    """Whether it goes into the audit trail although nothing is another for the workers."""


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
    action: str, done: str, which: Which, act: Callable[[Ledger, Account], Outcome], *, reason: str, as_json: bool
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
        outcomes = [(account, act(runtime.ledger, account)) for account in accounts]
        if noted := [account for account, outcome in outcomes if outcome.changed or outcome.noted]:
            what = ", ".join(one.name for one in noted) + (f": {reason}" if reason else "")
            audit.record(runtime.ledger, action, count=len(noted), what=what)
    for account, outcome in outcomes:
        if as_json:
            row = {"partner": account.partner, "shop": account.shop, "changed": outcome.changed}
            print_json([{**row, **outcome.more}])
            continue
        click.echo(f"{done if outcome.changed else f'was {done} already:'} {account.partner} {account.shop}")
        for detail in outcome.details:
            click.echo(f"  {detail}")


def _meant(which: Which, known: Iterable[Account]) -> str:
    shops = {one.shop for one in known}
    if which.shop is not None and which.shop not in shops:
        return f": shop “{which.shop}”{meant(which.shop, shops)}"
    return "; there are " + ", ".join(f"{one.partner} {one.shop}" for one in known)
