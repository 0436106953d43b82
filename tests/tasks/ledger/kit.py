"""A ledger on a real server and short words for what workers do with it."""

from __future__ import annotations

import itertools
import time
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypedDict, Unpack

from redis import Redis

from config.patience import Breaker
from tasks.errors import AccountRefused, PermanentError, Rejected, TransientError, Unanswered
from tasks.identity import redemption_id
from tasks.ledger import Account, Claim, Ledger, LedgerLimits, Opened, Planned, Record, Recorded, State
from tasks.partners.base import Receipt
from tasks.redemption import Redemption
from tests.moments import ago
from tests.tasks.ledger.clock import let_pass

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
LEASE = 60.0
KEEP = 400 * DAY
GIVE_UP = 48 * HOUR
BREAKER = Breaker(failures=3, probe_after=20, probe_cap=100)
LIMITS = LedgerLimits(keep=KEEP, give_up_after=GIVE_UP, breaker=BREAKER)

PLACED = ago(days=9)
"""When every order here was completed: long before anything else happens to it."""

UK = Account("sovendus", "uk", "fp1")
DE = Account("uniqodo", "de", "fp1")

_owners = itertools.count(1)
_SEEN = ("offset", "pulse", "latest")


class Known(TypedDict, total=False):
    """What a test says about a redemption; the rest is the usual."""

    order_id: str
    order_value: Decimal | None
    currency: str | None
    discount: Decimal | None
    customer_id: str | None
    source: str | None
    params: tuple[str, ...]
    test: bool


_USUAL = Redemption(
    id="",
    partner="",
    shop="",
    order_id="145789",
    code="",
    order_value=Decimal("219.99"),
    currency="GBP",
    completed_at=PLACED,
    email_hash="1d94e91aafaebd74135e7b9195045bf5",
    validation_key="f458",
)


def redemption(code: str = "AB12", *, account: Account = UK, **known: Unpack[Known]) -> Redemption:
    one = _USUAL._replace(partner=account.partner, shop=account.shop, code=code, **known)
    return one._replace(id=redemption_id(one.partner, one.shop, one.order_id, code, test=one.test))


@dataclass
class Book:
    """What tests say instead of the ledger's longer sentences. `redis` is a client of the same server."""

    redis: Redis
    limits: LedgerLimits = field(default=LIMITS)

    def __post_init__(self) -> None:
        self.passed = 0.0
        self.ledger = Ledger(self.redis, "redeem", self.limits, clock=self.clock)
        self.wakers_look()
        self.passes(LEASE)  # the first look of all counts as the end of an outage

    def clock(self) -> float:
        """The workers' own clocks, in seconds: nobody ever sets them."""
        return time.monotonic() + self.passed

    def passes(self, seconds: float, *, watched: bool = True) -> None:
        self.passed += seconds
        if watched:
            self.wakers_look()
        let_pass(self.redis, seconds, watched=watched)

    def leaps(self, seconds: float, *, watched: bool = True) -> None:
        """The server's clock is set ahead, or back where that is negative; no time passes."""
        if watched:
            self.wakers_look()
        let_pass(self.redis, seconds, watched=False)

    def wakers_look(self) -> None:
        """Somewhere, at an account that has nothing."""
        self.ledger.wake(Account("sovendus", "elsewhere", "fp"), limit=1, longest_lease=LEASE)

    def open(
        self, *codes: str, account: Account = UK, fate: PermanentError | None = None, **known: Unpack[Known]
    ) -> list[str]:
        """Open redemptions of one order; their ids."""
        return [opened.id for opened in self.opened(*codes, account=account, fate=fate, **known)]

    def opened(
        self, *codes: str, account: Account = UK, fate: PermanentError | None = None, **known: Unpack[Known]
    ) -> list[Opened]:
        return self.ledger.open([Planned(redemption(code, account=account, **known), account, fate) for code in codes])

    def open_one(self, code: str = "AB12", *, account: Account = UK, **known: Unpack[Known]) -> str:
        (only,) = self.open(code, account=account, **known)
        return only

    def claim(self, redemption_id: str, account: Account = UK, *, owner: str | None = None) -> Claim:
        return self.ledger.claim(redemption_id, account, owner=owner or f"owner{next(_owners)}", lease=LEASE)

    def claimed(self, redemption_id: str, account: Account = UK) -> Claim:
        claim = self.claim(redemption_id, account)
        assert claim.status == "claimed"
        return claim

    def yes(self, claim: Claim, state: State = State.REDEEMED) -> Recorded:
        receipt, entry = Receipt(200, {"id": "1000001"}), {"outcome": state.value}
        return self.ledger.settle(id_of(claim), claim, state, receipt, entry)

    def no(self, claim: Claim, error: PermanentError | None = None) -> Recorded:
        error = error or Rejected("Uniqodo 202: offer expired", code="202", status=200)
        return self.ledger.bury(id_of(claim), claim, error, {"outcome": "dead"})

    def later(self, claim: Claim, error: TransientError | AccountRefused | None = None, delay: float = 2.0) -> Recorded:
        error = error or Unanswered("HTTP 503", status=503)
        return self.ledger.park(id_of(claim), claim, error, delay, {"outcome": "transient"})

    def refused(self, claim: Claim) -> Recorded:
        return self.later(claim, AccountRefused("Uniqodo 101: invalid API key", code="101", status=200), 0.0)

    def look(self, account: Account = UK, *, limit: int = 200) -> list[str]:
        """The ids whose doorbells ring at one look."""
        return self.ledger.wake(account, limit=limit, longest_lease=LEASE)[0]

    def record(self, redemption_id: str) -> Record:
        found = self.ledger.find(redemption_id)
        assert found is not None
        return found

    def state(self, redemption_id: str) -> State:
        return self.record(redemption_id).state

    def health(self, account: Account = UK) -> dict[str, str]:
        return self.map("health", account.name, account.fingerprint)

    def map(self, *parts: str) -> dict[str, str]:
        found: dict[str, str] = self.ledger.redis.hgetall(self.ledger.key(*parts))
        return found

    def wakes(self, account: Account = UK) -> dict[str, float]:
        """Every id that has a wake-up, and in how many seconds it is."""
        now = self.now()
        found = self.ledger.redis.zrange(self.ledger.key("wake", account.name), 0, -1, withscores=True)
        return {member: (score - now) / 1000 for member, score in found}

    def ends(self, account: Account = UK) -> dict[str, str]:
        """The account's counters of what is closed."""
        closed = ("redeemed", "presumed", "discarded")
        return {state: count for state, count in self.map("tally", account.name).items() if state in closed}

    def dead(self) -> list[str]:
        return list(self.ledger.redis.zrange(self.ledger.key("dead"), 0, -1))

    def outcomes(self) -> list[dict[str, str]]:
        return [entry for _, entry in self.ledger.redis.xrange(self.ledger.key("outcomes"))]

    def now(self) -> float:
        """The ledger's own clock, in milliseconds."""
        seconds, micros = self.ledger.redis.time()
        offset, *seen = (float(at or 0) for at in self.ledger.redis.hmget(self.ledger.key("clock"), *_SEEN))
        return max(float(seconds * 1000 + micros // 1000) + offset, *seen)

    def break_account(self, account: Account = UK) -> list[str]:
        """Open the account's breaker by as many failures as it takes; the ids that failed."""
        failed = self.open(*(f"BROKEN{n}" for n in range(BREAKER.failures)), account=account, order_id="broken")
        for one in failed:
            self.later(self.claimed(one, account))
        assert self.health(account)["state"] == "open"
        return failed


def id_of(claim: Claim) -> str:
    assert claim.record is not None
    return claim.record.id
