"""What `redeem check` says of accounts: their health at the workers, and whether these settings are the workers'."""

from __future__ import annotations

from collections.abc import Iterator

from redis.exceptions import RedisError

from config.settings import Settings
from tasks.intake import account_of
from tasks.ledger import Account
from tasks.ledger.books import LedgerBooks
from tasks.partners import PARTNERS
from tasks.runtime import connect
from tasks.standing.account_health import AccountHealth, read_health
from worker.cli.finding import Finding


def check_accounts(settings: Settings) -> Iterator[Finding]:
    """Every account that ever had a redemption; and where no shop is configured, whether that is an error."""
    try:
        with connect(settings) as redis:
            found = _read(LedgerBooks(redis, settings.key_prefix), settings)
    except (RedisError, OSError):  # as the findings about the broker say
        found = []
    for health in found:
        yield from _of(health, shops=bool(settings.shops))
    if settings.shops:
        return
    if theirs := [_name(one) for one in found if one.in_use]:
        text = f"none is configured here; the workers have accounts of their own: {', '.join(theirs)}"
        yield Finding("warning", "shops", text)
    else:
        known = f"; the ledger knows {', '.join(map(_name, found))}" if found else ""
        yield Finding("error", "shops", f"none is configured: set REDEEM_SHOPS__<SHOP>__<PARTNER>__…{known}")


def _read(ledger: LedgerBooks, settings: Settings) -> list[AccountHealth]:
    accounts = (account_of(settings, *Account.parts(name))[0] for name in sorted(ledger.accounts()))
    return read_health(ledger, [one for one in accounts if one.partner in PARTNERS])


def _name(health: AccountHealth) -> str:
    return f"{health.account.partner} {health.account.shop}"


def _of(health: AccountHealth, *, shops: bool) -> Iterator[Finding]:
    """`shops`: whether any is configured here; where none is, that is said once for all."""
    account, subject = health.account, f"account {_name(health)}"
    if health.breaker == "refused":
        yield Finding("error", subject, health.hint or health.breaker)
    elif health.breaker in ("open", "paused"):
        yield Finding("warning", subject, health.hint or health.breaker)
    elif health.deserted and account.known:
        yield Finding("warning", subject, "no running worker has it in its settings: restart them with these")
    elif health.in_use:
        yield Finding("ok", subject, health.breaker)
    if health.here == "other":
        theirs = ", ".join(health.in_use)
        text = f"the workers have other settings ({theirs}) than are configured here ({account.fingerprint})"
        yield Finding("warning", subject, text)
    elif health.here == "missing" and shops:
        yield Finding("warning", subject, "the workers have it, and it is not configured here")
