"""How things stand, per partner and shop: what waits, what is dead, how much money that is, how late reports are.

Computed from the ledger when asked: what waits and is dead from its records, the rest from the counters it keeps.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final

from tasks.intake import account_of
from tasks.ledger import Account, Ledger, State
from tasks.partners import PARTNERS
from tasks.runtime import Runtime
from tasks.standing.account_health import AccountHealth, read_health
from tasks.standing.order_values import Money
from tasks.standing.survey import Pile, Survey, survey

_LAGS: Final = 500  # of an account's latest reports
_DESERTED: Final = "no worker that runs has this account in its settings: what waits is not sent"


@dataclass
class AccountStatus:
    """One row of `redeem status`; times in seconds."""

    partner: str
    shop: str
    states: Counter[str] = field(default_factory=Counter)
    today: Counter[str] = field(default_factory=Counter)
    """Since midnight UTC: `accepted`, `redeemed`, `presumed`, `dead`."""
    health: AccountHealth | None = None
    """None for letters that are no redemptions."""
    last_yes: datetime | None = None
    oldest_waiting: float | None = None
    lags: list[float] = field(default_factory=list)
    """Of its latest reports, from the order on."""
    money_waiting: Money = field(default_factory=Money)
    money_dead: Money = field(default_factory=Money)

    @property
    def breaker(self) -> str:
        """`closed`, `half-open`, `open`, `refused` or `paused`, as the workers have it."""
        return self.health.breaker if self.health else "closed"

    @property
    def hint(self) -> str | None:
        """What an operator should know about the account's state."""
        if self.health and self.health.deserted and self.oldest_waiting is not None and not self.health.hint:
            return _DESERTED
        return self.health.hint if self.health else None

    def to_json(self) -> dict[str, Any]:
        """As `redeem status --json` prints it."""
        return {
            "partner": self.partner or None,
            "shop": self.shop or None,
            **{state.value: self.states[state.value] for state in State},
            "redeemed_today": self.today[State.REDEEMED.value] + self.today[State.PRESUMED.value],
            "last_success_at": self.last_yes.strftime("%Y-%m-%dT%H:%M:%SZ") if self.last_yes else None,
            "breaker": self.breaker,
            "hint": self.hint,
            "fingerprints": [one.to_json() for one in self.health.settings] if self.health else [],
            "settings_here": self.health.here if self.health else None,
            "oldest_waiting_s": self.oldest_waiting,
            "lag_p50_s": percentile(self.lags, 0.5),
            "lag_p99_s": percentile(self.lags, 0.99),
            "money_waiting": self.money_waiting.to_json(),
            "money_dead": self.money_dead.to_json(),
        }


def gather(runtime: Runtime, found: Survey | None = None) -> list[AccountStatus]:
    """A row for every account that is configured or ever had a redemption, and one for letters that are none.

    `found` is a survey just made, if there is one. Raises redis.RedisError.
    """
    ledger = runtime.ledger
    found = found or survey(ledger)
    pairs = sorted({(one.partner, one.shop) for one in accounts_of(runtime)} | found.accounts.keys())
    accounts = [account_of(runtime.settings, *pair)[0] for pair in pairs]
    health = {(one.account.partner, one.account.shop): one for one in read_health(ledger, accounts)}
    return [_row(ledger, *pair, found, health[pair]) for pair in pairs]


def accounts_of(runtime: Runtime) -> list[Account]:
    """Every account that is configured or ever had a redemption, under this process's settings.

    Raises redis.RedisError.
    """
    shops = runtime.settings.shops.items()
    configured = {(partner, name) for name, shop in shops for partner in PARTNERS if shop.account(partner)}
    known = {Account.parts(name) for name in runtime.ledger.accounts()}
    return [account_of(runtime.settings, *pair)[0] for pair in sorted(configured | known)]


def _row(ledger: Ledger, partner: str, shop: str, found: Survey, health: AccountHealth) -> AccountStatus:
    row = AccountStatus(partner, shop)
    seen, now = found.account(partner, shop), ledger.now()
    row.states.update(seen.states)
    row.money_waiting, row.money_dead = seen.waiting.money, seen.dead.money
    row.oldest_waiting = age(seen.waiting, now)
    if partner:
        _add_counters(ledger, row, now)
        row.health = health
    return row


def _add_counters(ledger: Ledger, row: AccountStatus, now: datetime) -> None:
    account = Account(row.partner, row.shop).name
    pipeline = ledger.redis.pipeline(transaction=False)
    pipeline.hgetall(ledger.key("tally", account))
    days = ("accepted", "redeemed", "presumed", "dead")
    pipeline.hmget(ledger.key("daily", account), [f"{now.date().isoformat()}:{what}" for what in days])
    pipeline.lrange(ledger.key("lags", account), 0, _LAGS - 1)
    tally, today, lags = pipeline.execute()
    for state in (State.REDEEMED, State.PRESUMED, State.DISCARDED):
        row.states[state.value] = int(tally.get(state.value, 0))
    row.today.update({what: int(count) for what, count in zip(days, today, strict=True) if count})
    row.last_yes = datetime.fromtimestamp(int(tally["last_yes_at"]) / 1000, UTC) if "last_yes_at" in tally else None
    row.lags = [int(lag) / 1000 for lag in lags]


def age(pile: Pile, now: datetime) -> float | None:
    """Seconds since the oldest of them came; None of none."""
    return None if pile.oldest is None else round(max(0.0, now.timestamp() - pile.oldest / 1000), 3)


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which `share` (0–1) of them lie, nearest rank; None of none."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3) if ordered else None
