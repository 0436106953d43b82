"""How things stand, per partner and shop: what waits, what is dead, how much money that is, how late reports are.

Computed from the ledger when asked: the wake-ups are everything that waits, the outcome stream tells the lag.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from tasks.dead_letters import Filters, find_dead
from tasks.intake import account_of
from tasks.ledger import Account, Ledger, Record, State
from tasks.partners import PARTNERS
from tasks.runtime import Runtime
from tasks.waiting import find_waiting

_RECENT: Final = 2000  # outcomes that the lag is told from
# All that a row is made of: fetching whole records takes several times as long, and there may be a hundred thousand.
_FIELDS: Final = (
    "state", "partner", "shop", "order_id", "order_value", "currency", "code", "accepted_at", "test", "raw_as",
)  # fmt: skip


@dataclass
class Money:
    """Order values by currency, each order counted once however many of its codes are concerned."""

    totals: dict[str, Decimal] = field(default_factory=dict)
    _counted: set[tuple[str, str]] = field(default_factory=set)

    def add(self, record: Record) -> None:
        """Count the record's order, unless it is a test or has been counted."""
        currency, order = record.fields.get("currency"), (record.shop, record.order_id)
        if record.test or record.order_value is None or currency is None or order in self._counted:
            return
        self._counted.add(order)
        self.totals[currency] = self.totals.get(currency, Decimal(0)) + record.order_value

    def to_json(self) -> dict[str, str]:
        """Currency → amount as a decimal string."""
        return {currency: str(amount) for currency, amount in sorted(self.totals.items())}


@dataclass
class AccountStatus:
    """One row of `redeem status`; times in seconds."""

    partner: str
    shop: str
    states: Counter[str] = field(default_factory=Counter)
    breaker: str = "closed"
    hint: str | None = None
    oldest_waiting: float | None = None
    lags: list[float] = field(default_factory=list)
    money_waiting: Money = field(default_factory=Money)
    money_dead: Money = field(default_factory=Money)

    def to_json(self) -> dict[str, Any]:
        """As `redeem status --json` prints it."""
        return {
            "partner": self.partner or None,
            "shop": self.shop or None,
            **{state.value: self.states[state.value] for state in State},
            "breaker": self.breaker,
            "hint": self.hint,
            "oldest_waiting_s": self.oldest_waiting,
            "lag_p50_s": percentile(self.lags, 0.5),
            "lag_p99_s": percentile(self.lags, 0.99),
            "money_waiting": self.money_waiting.to_json(),
            "money_dead": self.money_dead.to_json(),
        }


def gather(runtime: Runtime) -> list[AccountStatus]:
    """A row for every account that is configured or ever had a redemption, and one for letters that are none.

    Raises redis.RedisError.
    """
    ledger = runtime.ledger
    configured = {
        Account(partner, name)
        for name, shop in runtime.settings.shops.items()
        for partner in PARTNERS
        if shop.account(partner)
    }
    known = {Account(*Account.parts(name)) for name in ledger.accounts()}
    rows = {(one.partner, one.shop): AccountStatus(one.partner, one.shop) for one in configured | known}
    for row in rows.values():
        _add_waiting(ledger, row)
        row.breaker, row.hint = breaker_state(runtime, row.partner, row.shop)
    for record in find_dead(ledger, Filters(), _FIELDS):
        shop = record.shop if record.is_redemption else ""
        row = rows.setdefault((record.partner, shop), AccountStatus(record.partner, shop))
        row.states[State.DEAD.value] += 1
        row.money_dead.add(record)
    _add_lags(ledger, rows)
    return [rows[key] for key in sorted(rows)]


def breaker_state(runtime: Runtime, partner: str, shop: str) -> tuple[str, str | None]:
    """`closed`, `half-open`, `open`, `refused` or `paused`, and what an operator should know about it."""
    ledger = runtime.ledger
    account = account_of(runtime.settings, partner, shop)[0]
    if ledger.redis.hexists(ledger.key("account", account.name), "paused_at"):
        return "paused", None
    state, relapse, proven = ledger.redis.hmget(
        ledger.key("health", account.name, account.fingerprint), ["state", "relapse", "proven"]
    )
    if state == "open":
        return "open", None if proven or partner not in PARTNERS else PARTNERS[partner].never_answered
    if state == "refused":
        return "refused", "the partner refuses the account's key: mend it, then restart or `redeem resume`"
    return ("half-open" if relapse == "1" and state == "ramping" else "closed"), None


def percentile(values: Iterable[float], share: float) -> float | None:
    """The value below which `share` (0–1) of them lie, nearest rank; None of none."""
    ordered = sorted(values)
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)], 3) if ordered else None


def _add_waiting(ledger: Ledger, row: AccountStatus) -> None:
    account = Account(row.partner, row.shop).name
    tally = ledger.redis.hgetall(ledger.key("tally", account))
    row.states.update({state: int(count) for state, count in tally.items()})
    now = ledger.now()
    for record in find_waiting(ledger, account, _FIELDS):
        row.states[record.state.value] += 1
        row.money_waiting.add(record)
        waited = now - (record.moment("accepted_at") or now)
        row.oldest_waiting = max(row.oldest_waiting or 0.0, round(waited.total_seconds(), 3))


def _add_lags(ledger: Ledger, rows: dict[tuple[str, str], AccountStatus]) -> None:
    for _, entry in ledger.redis.xrevrange(ledger.key("outcomes"), count=_RECENT):
        row = rows.get((entry.get("partner", ""), entry.get("shop", "")))
        if row is None or entry["state"] not in (State.REDEEMED, State.PRESUMED) or entry.get("test"):
            continue
        completed = datetime.fromisoformat(entry["completed_at"]).timestamp()
        row.lags.append(max(0.0, int(entry["reported_at"]) / 1000 - completed))
