"""How things stand at one moment, as far as alarms are concerned. Cheap enough to be taken every second."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tasks.intake import account_of
from tasks.ledger import Account, Ledger, State
from tasks.persistence import classified
from tasks.runtime import Runtime
from tasks.status import breaker_state

Place = tuple[str, str]
"""Partner and shop."""

NOBODY: Final[Place] = ("", "")
"""Where dead letters are that are no redemptions."""

_WAITING: Final = {State.QUEUED.value, State.SENDING.value, State.RETRYING.value}

Deaths = Mapping[tuple[str, str], int]
"""Dead letters so far, ever growing, by reason and the partner's error code (or nothing)."""


@dataclass(frozen=True)
class AccountView:
    """One account, or with an empty shop all that no shop of the settings has; moments in ms by the server's clock."""

    partner: str
    shop: str
    configured: bool = True
    """Whether the settings have it, so that it may be expected to succeed."""
    breaker: str = "closed"
    """As `redeem status` says it: closed, half-open, open, refused or paused."""
    hint: str | None = None
    since: int = 0
    """When the breaker or the pause came to that; 0 where that is not known."""
    accepted: int = 0
    """Redemptions so far, ever growing; test orders left out."""
    last_yes_at: int | None = None
    waiting: int = 0
    oldest_waiting: int | None = None
    """When the oldest redemption that waits was accepted, as of some seconds ago."""
    deaths: Deaths = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Partner and shop."""
        return self.partner, self.shop


@dataclass(frozen=True)
class Snapshot:
    """All accounts, and what the broker says of itself, in bytes; `now` in milliseconds by the server's clock."""

    now: int
    accounts: tuple[AccountView, ...] = ()
    dead: int = 0
    memory_used: int = 0
    memory_limit: int = 0

    def account(self, place: Place) -> AccountView | None:
        """That account, if it is one."""
        return next((one for one in self.accounts if one.place == place), None)


@classified()
def take_snapshot(runtime: Runtime, oldest: Mapping[Place, int]) -> Snapshot:
    """Read it from the ledger; `oldest` is `oldest_waiting`'s, which takes longer.

    Raises redis.RedisError.
    """
    ledger = runtime.ledger
    memory: dict[str, Any] = ledger.redis.info("memory")
    views: list[AccountView] = []
    accountless: dict[Place, AccountView] = {}
    for partner, shop in _places(runtime):
        accepted_at = oldest.get((partner, shop))
        if account_of(runtime.settings, partner, shop)[1] is not None:
            views.append(_view(runtime, partner, shop, accepted_at))
        else:  # a stranger may name any number of shops: not one page for each of them
            place = partner, shop if shop in runtime.settings.shops else ""
            known = accountless.get(place, AccountView(*place, configured=False))
            accountless[place] = _added(runtime, known, partner, shop, accepted_at)
    return Snapshot(
        now=int(ledger.now().timestamp() * 1000),
        accounts=(*views, *accountless.values()),
        dead=ledger.redis.zcard(ledger.key("dead")),
        memory_used=int(memory.get("used_memory", 0)),
        memory_limit=int(memory.get("maxmemory", 0)),
    )


def _places(runtime: Runtime) -> Iterator[Place]:
    yield NOBODY
    for name in sorted(runtime.ledger.accounts()):
        yield Account.parts(name)


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


def _tally(runtime: Runtime, partner: str, shop: str) -> dict[str, str]:
    account = "" if (partner, shop) == NOBODY else Account(partner, shop).name
    found: dict[str, str] = runtime.ledger.redis.hgetall(runtime.ledger.key("tally", account))
    return found


def _view(runtime: Runtime, partner: str, shop: str, oldest_waiting: int | None) -> AccountView:
    ledger, account = runtime.ledger, account_of(runtime.settings, partner, shop)[0]
    breaker, hint = breaker_state(runtime, partner, shop)
    tally = _tally(runtime, partner, shop)
    waiting = ledger.redis.zcard(ledger.key("wake", account.name))
    if breaker == "paused":
        since = ledger.redis.hget(ledger.key("account", account.name), "paused_at")
    else:
        since = ledger.redis.hget(ledger.key("health", account.name, account.fingerprint), "since")
    return AccountView(
        partner,
        shop,
        breaker=breaker,
        hint=hint,
        since=int(since or 0),
        accepted=int(tally.get("accepted", 0)),
        last_yes_at=int(tally["last_yes_at"]) if "last_yes_at" in tally else None,
        waiting=waiting,
        oldest_waiting=oldest_waiting if waiting else None,
        deaths=_deaths(tally),
    )


def _added(runtime: Runtime, known: AccountView, partner: str, shop: str, oldest: int | None) -> AccountView:
    """What no settings have an account for, taken together."""
    ledger = runtime.ledger
    deaths = Counter(known.deaths) + Counter(_deaths(_tally(runtime, partner, shop)))
    waiting = ledger.redis.zcard(ledger.key("wake", Account(partner, shop).name))
    times = [at for at in (known.oldest_waiting, oldest if waiting else None) if at is not None]
    return replace(known, deaths=deaths, waiting=known.waiting + waiting, oldest_waiting=min(times, default=None))


def _deaths(tally: Mapping[str, str]) -> Deaths:
    found = {}
    for name, count in tally.items():
        what, _, cause = name.partition(":")
        if what == "died":
            reason, _, code = cause.partition(":")
            found[reason, code] = int(count)
    return found
