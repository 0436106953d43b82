"""A snapshot read from the ledger: a few round trips, so that it can be taken every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, Final, NamedTuple

from tasks.intake import account_of
from tasks.ledger import Account, Ledger, State
from tasks.paging.snapshot import NOBODY, AccountView, Deaths, Place, Snapshot
from tasks.persistence import classified
from tasks.runtime import Runtime
from tasks.standing.account_health import AccountHealth, read_health
from tasks.standing.append_only_file import DiskStatus

_WAITING: Final = {State.QUEUED.value, State.SENDING.value, State.RETRYING.value}


class _Read(NamedTuple):
    """What the ledger has of one account."""

    account: Account
    tally: dict[str, str]
    waiting: int
    health: AccountHealth


@classified()
def take_snapshot(runtime: Runtime, oldest: Mapping[Place, int], disk: DiskStatus) -> Snapshot:
    """Read it from the ledger; `oldest` is `oldest_waiting`'s, which takes longer, `disk` the watch's.

    Raises redis.RedisError.
    """
    ledger = runtime.ledger
    memory: dict[str, Any] = ledger.redis.info("memory")
    views: list[AccountView] = []
    accountless: dict[Place, AccountView] = {NOBODY: _of_nobody(ledger)}
    for read in _read(runtime):
        partner, shop = read.account.partner, read.account.shop
        accepted_at = oldest.get((partner, shop)) if read.waiting else None
        if read.account.known or read.health.in_use:
            views.append(_view(read, accepted_at))
        else:  # a stranger may name any number of shops: not one page for each of them
            place = partner, shop if shop in runtime.settings.shops else ""
            known = accountless.get(place, AccountView(*place, configured=False))
            accountless[place] = _added(known, read, accepted_at)
    return Snapshot(
        now=int(ledger.now().timestamp() * 1000),
        accounts=(*views, *accountless.values()),
        dead=ledger.redis.zcard(ledger.key("dead")),
        memory_used=int(memory.get("used_memory", 0)),
        memory_limit=int(memory.get("maxmemory", 0)),
        disk=disk,
    )


def oldest_waiting(ledger: Ledger) -> dict[Place, int]:
    """When the oldest redemption that waits was accepted, by account. Reads all that waits.

    Raises redis.RedisError.
    """
    found = {}
    for name in sorted(ledger.accounts()):
        times = [int(at) for state, at in ledger.survey(f"wake:{name}", ("state", "accepted_at")) if state in _WAITING]
        if times:
            found[Account.parts(name)] = min(times)
    return found


def _read(runtime: Runtime) -> Iterator[_Read]:
    ledger = runtime.ledger
    accounts = [account_of(runtime.settings, *Account.parts(name))[0] for name in sorted(ledger.accounts())]
    health = read_health(ledger, accounts)
    pipeline = ledger.redis.pipeline(transaction=False)
    for one in accounts:
        pipeline.hgetall(ledger.key("tally", one.name))
        pipeline.zcard(ledger.key("wake", one.name))
    answers = iter(pipeline.execute())
    for one, tally, waiting, its in zip(accounts, answers, answers, health, strict=True):
        yield _Read(one, tally, waiting, its)


def _of_nobody(ledger: Ledger) -> AccountView:
    return AccountView(*NOBODY, configured=False, deaths=_deaths(ledger.redis.hgetall(ledger.key("tally", ""))))


def _view(read: _Read, accepted_at: int | None) -> AccountView:
    last_yes_at = read.tally.get("last_yes_at")
    return AccountView(
        read.account.partner,
        read.account.shop,
        breaker=read.health.breaker,
        hint=read.health.hint,
        since=read.health.since,
        accepted=int(read.tally.get("accepted", 0)),
        last_yes_at=int(last_yes_at) if last_yes_at else None,
        waiting=read.waiting,
        oldest_waiting=accepted_at,
        deaths=_deaths(read.tally),
    )


def _added(known: AccountView, read: _Read, accepted_at: int | None) -> AccountView:
    """What no settings have an account for, taken together."""
    deaths = Counter(known.deaths) + Counter(_deaths(read.tally))
    times = [at for at in (known.oldest_waiting, accepted_at) if at is not None]
    return replace(known, deaths=deaths, waiting=known.waiting + read.waiting, oldest_waiting=min(times, default=None))


def _deaths(tally: Mapping[str, str]) -> Deaths:
    found = {}
    for name, count in tally.items():
        what, _, cause = name.partition(":")
        if what == "died":
            reason, _, code = cause.partition(":")
            found[reason, code] = int(count)
    return found
