"""`redeem status`: how things stand, per partner and shop."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import click
from redis.exceptions import NoPermissionError

from config.settings import Settings
from tasks.ledger import Ledger
from tasks.order_task import QUEUE
from tasks.queue_lists import queue_lengths
from tasks.standing.append_only_file import DiskWatch
from tasks.standing.status import AccountStatus, gather
from tasks.standing.stray_lists import StrayList, find_stray_lists
from tasks.standing.survey import Survey, survey
from worker.cli.connection import connected
from worker.cli.printing import json_option, print_json, print_table

_COLUMNS = (
    "partner", "shop", "queued", "sending", "retrying", "redeemed", "presumed", "dead", "today", "last success",
    "oldest", "lag p50 / p99", "money waiting", "money dead", "breaker",
)  # fmt: skip


@click.command()
@json_option
def status(*, as_json: bool) -> None:
    """Show what is queued, retrying, redeemed and dead, how late and how much money.

    "Today" is what was redeemed since midnight UTC. Lag is from the order to its report. Money counts an order once,
    and no test orders.
    """
    with connected() as (_, runtime):
        found = survey(runtime.ledger)
        rows = gather(runtime, found)
        now = runtime.ledger.now()
        unread = queue_lengths(runtime.ledger.redis, [QUEUE])[QUEUE] or 0
        disk = DiskWatch(runtime.ledger).keep().file
        strays = [] if as_json else _strays(runtime.ledger)
    if as_json:
        print_json(row.to_json() | {"append_only_file": disk.value} for row in rows)
        return
    if disk.advice:
        click.echo(disk.advice)
    if rows:
        print_table(_COLUMNS, (_cells(row, now) for row in rows))
    else:
        click.echo("no shop is configured and nothing has come in yet")
    for line in _in_all(found, unread):
        click.echo(line)
    for row in rows:
        if row.hint:
            click.echo(f"{row.partner} {row.shop}: {row.hint}")
    for line in _other_settings(rows, runtime.settings) if rows else ():
        click.echo(line)
    for stray in strays:
        click.echo(stray.advice)


def _strays(ledger: Ledger) -> list[StrayList]:
    """Lists that look like a queue and that nobody takes from; none where the user may not look for them."""
    try:
        return find_stray_lists(ledger)[0]
    except NoPermissionError:
        return []


def _in_all(found: Survey, unread: int) -> Iterator[str]:
    """The sums in which an order counts once over all accounts, and what no account knows of yet."""
    for pile, what in ((found.waiting, "waiting"), (found.dead, "dead")):
        worth = money(pile.money.to_json())
        if pile.count:
            yield f"{what} in all: {pile.count:,}" + (f", worth {worth}" if worth else "")
    if unread:
        yield f"{unread:,} events wait in the queue “{QUEUE}” for a worker to journal them"


def _other_settings(rows: list[AccountStatus], settings: Settings) -> Iterator[str]:
    """Where the workers' settings are not this command's: a key that is mended here may not be mended there."""
    if not settings.shops:
        yield "no shop is configured here: the states shown are the workers'"
        return
    for here, text in (("other", "other settings here than the workers have"), ("missing", "no such account here")):
        accounts = [f"{row.partner} {row.shop}" for row in rows if row.health and row.health.here == here]
        if accounts:
            yield f"{text}: {', '.join(accounts)}; the states shown are the workers'"


def _cells(row: AccountStatus, now: datetime) -> tuple[object, ...]:
    told = row.to_json()
    states = ("queued", "sending", "retrying", "redeemed", "presumed", "dead")
    return (
        row.partner or "(no redemption)",
        row.shop,
        *(told[state] for state in states),
        told["redeemed_today"],
        duration((now - row.last_yes).total_seconds()) + " ago" if row.last_yes else None,
        duration(told["oldest_waiting_s"]),
        " / ".join(duration(told[name]) for name in ("lag_p50_s", "lag_p99_s") if told[name] is not None),
        money(told["money_waiting"]),
        money(told["money_dead"]),
        row.breaker,
    )


def money(totals: dict[str, str]) -> str:
    """`12.00 EUR, 219.99 GBP`."""
    return ", ".join(f"{amount} {currency}" for currency, amount in totals.items())


def duration(seconds: float | None) -> str:
    """Two significant units at most: `35 ms`, `2.1 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:  # noqa: PLR2004 - a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes_left = divmod(minutes, 60)
    days, hours_left = divmod(hours, 24)
    if days:
        return f"{days} d {hours_left} h"
    return f"{hours} h {minutes_left} min" if hours else f"{minutes} min {rest} s"
