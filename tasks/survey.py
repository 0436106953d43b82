"""A look at everything that waits or is dead, in counts and money, read on the server page by page.

The ledger's records are the truth, so no sums are kept, which could come to be wrong. The server is held for some
milliseconds at a time, however much there is.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from tasks.ledger import Account, Ledger, State
from tasks.order_values import Money

_WAITING: Final = (State.QUEUED.value, State.SENDING.value, State.RETRYING.value)


class _Seen(NamedTuple):
    """What is read of each record, as text; the server tells fields in this order."""

    state: str
    partner: str
    shop: str
    order_id: str
    order_value: str
    currency: str
    accepted_at: str
    died_at: str
    reason: str
    error_code: str
    test: str
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

    def add(self, seen: _Seen, moment: str) -> None:
        """Count one of them."""
        self.count += 1
        if moment:
            at = int(moment)
            self.oldest = at if self.oldest is None else min(self.oldest, at)
            self.newest = at if self.newest is None else max(self.newest, at)
        if not seen.test and seen.order_value:
            self.money.count(seen.shop, seen.order_id, Decimal(seen.order_value), seen.currency)


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
        account = found.account(*Account.parts(name))
        for seen in map(_Seen._make, ledger.survey(f"wake:{name}", _Seen._fields)):
            if seen.state in _WAITING:
                account.states[seen.state] += 1
                account.waiting.add(seen, seen.accepted_at)
                found.waiting.add(seen, seen.accepted_at)
    for seen in _dead(ledger):
        partner, shop = ("", "") if seen.raw_as else (seen.partner, seen.shop)
        account = found.account(partner, shop)
        account.states[State.DEAD.value] += 1
        cause = Cause(partner, shop, seen.reason, seen.error_code)
        by_reason = found.reasons.setdefault(seen.reason, Pile())
        for pile in (account.dead, found.dead, by_reason, found.causes.setdefault(cause, Pile())):
            pile.add(seen, seen.died_at)
    return found


def _dead(ledger: Ledger) -> Iterator[_Seen]:
    for seen in map(_Seen._make, ledger.survey("dead", _Seen._fields)):
        if seen.state == State.DEAD:
            yield seen
