"""A look at everything that waits or is dead, in counts and money, read on the server page by page.

The ledger's records are the truth, so no sums are kept, which could come to be wrong. The server is held for some
milliseconds at a time, however much there is.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from tasks.ledger import Account, Ledger, State
from tasks.standing.order_values import Money

_WAITING: Final = (State.QUEUED.value, State.SENDING.value, State.RETRYING.value)


class _Waiting(NamedTuple):
    """What is read of each record that waits, as text; the server tells fields in this order."""

    state: str
    order_id: str
    order_value: str
    currency: str
    test: str
    accepted_at: str


class _Dead(NamedTuple):
    """What is read of each dead letter, likewise."""

    state: str
    order_id: str
    order_value: str
    currency: str
    test: str
    died_at: str
    partner: str
    shop: str
    reason: str
    error_code: str
    raw_as: str


class Cause(NamedTuple):
    """Why letters are dead, and whose they are. Without partner and shop: bad messages and invalid events."""

    partner: str
    shop: str
    reason: str
    error_code: str


@dataclass
class Pile:
    """Some letters or redemptions together; moments in milliseconds by the server's clock."""

    count: int = 0
    money: Money = field(default_factory=Money)
    oldest: int | None = None
    newest: int | None = None

    def add(self, shop: str, seen: _Waiting | _Dead, moment: int) -> None:
        """Count one of them."""
        self.count += 1
        if self.oldest is None or moment < self.oldest:
            self.oldest = moment
        if self.newest is None or moment > self.newest:
            self.newest = moment
        if seen.order_value and not seen.test:
            self.money.count(shop, seen.order_id, Decimal(seen.order_value), seen.currency)


@dataclass
class AccountSurvey:
    """One account's: how many in each state that is not closed, what waits, what is dead."""

    states: Counter[str] = field(default_factory=Counter)
    waiting: Pile = field(default_factory=Pile)
    dead: Pile = field(default_factory=Pile)


@dataclass
class Survey:
    """All accounts'. In each pile an order counts once, also in those over all accounts."""

    accounts: dict[tuple[str, str], AccountSurvey] = field(default_factory=dict)
    """By partner and shop; letters that are no redemption under ("", "")."""
    waiting: Pile = field(default_factory=Pile)
    dead: Pile = field(default_factory=Pile)
    reasons: dict[str, Pile] = field(default_factory=dict)
    """What is dead, by reason."""
    causes: dict[Cause, Pile] = field(default_factory=dict)
    """What is dead, more exactly."""

    def account(self, partner: str, shop: str) -> AccountSurvey:
        """That account's part, empty so far if it has none."""
        return self.accounts.setdefault((partner, shop), AccountSurvey())


def survey(ledger: Ledger) -> Survey:
    """Look at everything. What moves meanwhile may be seen twice or, if it is brought forward, not at all.

    Raises redis.RedisError.
    """
    found = Survey()
    for name in sorted(ledger.accounts()):
        _add_waiting(ledger, *Account.parts(name), found)
    for seen in map(_Dead._make, ledger.survey("dead", _Dead._fields)):
        if seen.state == State.DEAD:
            _add_dead(seen, found)
    return found


def _add_waiting(ledger: Ledger, partner: str, shop: str, found: Survey) -> None:
    account = found.account(partner, shop)
    for seen in map(_Waiting._make, ledger.survey(f"wake:{Account(partner, shop).name}", _Waiting._fields)):
        if seen.state in _WAITING:
            account.states[seen.state] += 1
            for pile in (account.waiting, found.waiting):
                pile.add(shop, seen, int(seen.accepted_at))


def _add_dead(seen: _Dead, found: Survey) -> None:
    partner, shop = ("", "") if seen.raw_as else (seen.partner, seen.shop)
    account = found.account(partner, shop)
    account.states[State.DEAD.value] += 1
    by_reason = found.reasons.setdefault(seen.reason, Pile())
    by_cause = found.causes.setdefault(Cause(partner, shop, seen.reason, seen.error_code), Pile())
    for pile in (account.dead, found.dead, by_reason, by_cause):
        pile.add(seen.shop, seen, int(seen.died_at))
