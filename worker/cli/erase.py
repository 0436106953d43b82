"""`redeem erase`: an order or a customer out of everything that Redeem keeps; a dry run until it is told --yes.

An address is hashed as soon as it is read; nothing here prints, logs or keeps it.
"""

from __future__ import annotations

import re
import sys
from typing import Final

import click

from config.durations import Within
from tasks import erasure
from tasks.audit import operator
from tasks.erasure import NotNow, Subject
from tasks.orders import hash_email
from worker.cli.connection import No, connected
from worker.cli.durations import Duration
from worker.cli.erase_words import dry_run, dry_run_row, erased_row, in_words
from worker.cli.names import SHOP
from worker.cli.printing import json_option, print_json

_HASH: Final = re.compile(r"[0-9a-fA-F]{32}")


def _hashes(_: click.Context, __: click.Parameter, addresses: tuple[str, ...]) -> frozenset[str]:
    """Addresses to hashes; `-` is one on standard input, which no list of processes and no shell history holds."""
    given = [sys.stdin.readline() if one == "-" else one for one in addresses]
    if any("@" not in one for one in given):
        raise click.BadParameter("must be an e-mail address")  # which is not repeated
    return frozenset(map(hash_email, given))


def _given_hashes(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    if not all(map(_HASH.fullmatch, given)):
        raise click.BadParameter("must be the MD5 of the address, trimmed and in lower case: 32 hexadecimal digits")
    return frozenset(one.lower() for one in given)


def _words(_: click.Context, __: click.Parameter, given: tuple[str, ...]) -> frozenset[str]:
    return frozenset(one.strip() for one in given)


@click.command()
@click.option("--order", "orders", multiple=True, metavar="N", callback=_words, help="All of this order.")
@click.option("--shop", type=SHOP, help="Of this shop's orders only.")
@click.option(
    "--email",
    "emails",
    multiple=True,
    metavar="ADDRESS",
    callback=_hashes,
    help="This customer out of all orders; - reads the address from standard input.",
)
@click.option(
    "--email-hash",
    "hashes",
    multiple=True,
    metavar="MD5",
    callback=_given_hashes,
    help="The same by the address's hash.",
)
@click.option(
    "--customer", "customers", multiple=True, metavar="ID", callback=_words, help="This customer_id out of all orders."
)
@click.option("--unreported", is_flag=True, help="Also orders that wait to be sent: no partner is told of them then.")
@click.option("--yes", "sure", is_flag=True, help="Do it; without this it is only told what would go.")
@click.option(
    "--patience",
    type=Duration(Within("0s", "1d", "nobody waits that long")),
    default="30s",
    show_default=True,
    help="How long to wait for what is being worked on, and for Redis to write its files.",
)
@json_option
def erase(
    orders: frozenset[str],
    shop: str | None,
    emails: frozenset[str],
    hashes: frozenset[str],
    customers: frozenset[str],
    *,
    patience: float,
    **flags: bool,
) -> None:
    """Erase an order, or a customer, from everything that Redeem keeps.

    An order goes with its redemptions, dead letters, events and outcomes. Of a customer the hash and the identifier go,
    and the redemptions stay. See docs/privacy.md. The exit status is 1 where nothing is found, and where anything is
    refused or left.
    """
    subject = Subject(orders, shop, emails | hashes, customers)
    if not subject.kinds:
        raise click.UsageError("say what: --order, --email, --email-hash or --customer")
    if shop and not orders:
        raise click.UsageError("--shop goes with --order only: a customer is erased from all shops")
    if flags["sure"]:
        _erase(subject, unreported=flags["unreported"], patience=patience, as_json=flags["as_json"])
    else:
        _look(subject, unreported=flags["unreported"], as_json=flags["as_json"])


def _look(subject: Subject, *, unreported: bool, as_json: bool) -> None:
    with connected() as (_, runtime):
        found, refused = erasure.look(runtime, subject, unreported=unreported)
        if as_json:
            print_json([dry_run_row(runtime.settings, subject, found, refused)])
        else:
            for line in dry_run(runtime.settings, subject, found, refused):
                click.echo(line)
    if not found:
        raise No("nothing found")
    if refused:
        raise No("refused as it is")


def _erase(subject: Subject, *, unreported: bool, patience: float, as_json: bool) -> None:
    with connected() as (_, runtime):
        try:
            erased = erasure.erase(runtime, subject, unreported=unreported, patience=patience, by=operator())
        except NotNow as error:
            raise No(str(error)) from error
    if as_json:
        print_json([erased_row(subject, erased)])
    else:
        for line in in_words(erased):
            click.echo(line)
    if erased.refused or erased.left:
        raise No("not all of it is erased")
    if not erased.counts and not erased.interrupted:
        raise No("nothing found")
