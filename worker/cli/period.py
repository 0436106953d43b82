"""The period that accounts are made for: --from, --to and --timezone, with --partner and --shop beside them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import wraps
from typing import Any, Final
from zoneinfo import ZoneInfo

import click

from config.durations import format_duration
from tasks.ledger import Account
from tasks.runtime import Runtime
from worker.cli.filters import read_moment
from worker.cli.names import PARTNER, SHOP, meant

_DATE: Final = re.compile(r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2}))?")
_LATEST_MONTH: Final = 12


@dataclass(frozen=True)
class Period:
    """From `since` on, before `until`, both aware or open; days are those of `zone`. Empty names do not filter."""

    since: datetime | None
    until: datetime | None
    zone: tzinfo
    partner: str | None
    shop: str | None


def period_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the period's options; the command receives them as `period`."""

    @click.option(
        "--from", "since", metavar="WHEN", help="From then on: a month (2026-11), a day, a time, or a while ago (30d)."
    )
    @click.option("--to", "until", metavar="WHEN", help="Up to the end of that month or day, or before that time.")
    @click.option(
        "--timezone",
        "zone",
        metavar="ZONE",
        default="UTC",
        show_default=True,
        help="Whose days, such as Europe/Berlin.",
    )
    @click.option("--partner", type=PARTNER, help="Only this partner's.")
    @click.option("--shop", type=SHOP, help="Only this shop's.")
    @wraps(command)
    def with_period(*args: Any, **options: Any) -> Any:  # noqa: ANN401 - whatever the command takes and gives
        since, until, zone, partner, shop = (
            options.pop(name) for name in ("since", "until", "zone", "partner", "shop")
        )
        return command(*args, period=_period(since, until, _zone(zone), partner, shop), **options)

    return with_period


def check_shop(runtime: Runtime, period: Period) -> None:
    """Refuse a shop that there never was: an empty report would look like an empty month.

    Raises click.UsageError and redis.RedisError.
    """
    once = {shop for _, shop in map(Account.parts, runtime.ledger.accounts())}
    known = once.union(runtime.settings.shops)
    if period.shop is not None and period.shop not in known:
        raise click.UsageError(f"--shop {period.shop}: no such shop{meant(period.shop, known)}")


def warn_if_forgotten(runtime: Runtime, period: Period) -> None:
    """Say so on standard error if the period begins before what the ledger remembers.

    Raises redis.RedisError.
    """
    keep = runtime.ledger.limits.keep
    remembered = runtime.ledger.now() - timedelta(seconds=keep)
    if period.since is not None and period.since < remembered:
        click.echo(
            f"warning: the ledger remembers {format_duration(keep)} (REDEEM_LEDGER__KEEP): "
            f"what was settled before {remembered:%Y-%m-%d %H:%M} UTC may be missing",
            err=True,
        )


def _period(since: str | None, until: str | None, zone: tzinfo, partner: str | None, shop: str | None) -> Period:
    begin = _bound(since, zone, "--from", end=False)
    end = _bound(until, zone, "--to", end=True)
    if begin is not None and end is not None and begin >= end:
        raise click.UsageError(f"the period is empty: it begins at {begin.isoformat()} and ends at {end.isoformat()}")
    return Period(begin, end, zone, partner, shop)


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name.upper() == "UTC" else ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # KeyError: ZoneInfoNotFoundError; OSError: a folder of zones
        raise click.UsageError(f"--timezone: {name!r} is no time zone such as Europe/Berlin") from None


def _bound(text: str | None, zone: tzinfo, option: str, *, end: bool) -> datetime | None:
    if text is None:
        return None
    try:
        if whole := _DATE.fullmatch(text):
            return _whole(whole, zone, end=end)
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            return read_moment(text, datetime.now(UTC))
        except ValueError as error:
            raise click.UsageError(f"{option}: {error}") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=zone)


def _whole(written: re.Match[str], zone: tzinfo, *, end: bool) -> datetime:
    """The beginning of a month or day, or that of the next."""
    year, month, day = int(written[1]), int(written[2]), int(written[3] or 1)
    first = datetime(year, month, day, tzinfo=zone)
    if not end:
        return first
    if written[3]:
        return datetime.combine(first.date() + timedelta(days=1), first.timetz())
    return datetime(year + month // _LATEST_MONTH, month % _LATEST_MONTH + 1, 1, tzinfo=zone)
