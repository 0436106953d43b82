"""The world that `test_life.py` lets loose on a ledger: workers at their attempts, partners that answer, and time.

A partner does what a call asks of it, or answers that it did not, or its answer is lost; Uniqodo knows what it has
booked. Between any two of a worker's steps, claim, call and record, it may stall for as long as it likes, or die.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import ClassVar, Final

from hypothesis.stateful import RuleBasedStateMachine
from redis import Redis

from config.patience import Breaker
from tasks.errors import (
    AccountRefused,
    Crashed,
    Declined,
    GaveUp,
    NotSent,
    PermanentError,
    Rejected,
    TransientError,
    Unanswered,
)
from tasks.ledger import Account, Claim, LedgerLimits, Record, State
from tests.tasks.ledger.kit import DAY, LEASE, Book
from tests.tasks.ledger.promises import CLOSED, SETTLED, Copy, Truth

GIVE_UP: Final = 3600.0
CALL: Final = 4.0
UNNOTICED: Final = 3.0
"""A leap ahead of so many seconds at most passes for time."""
HERE: Final = (Account("sovendus", "uk", "new"), Account("uniqodo", "de", "new"))
KEYS: Final = ("old", "new")

ERRORS: Final[Mapping[str, TransientError | AccountRefused | PermanentError]] = {
    "lost": Unanswered("no answer: timed out"),
    "unavailable": Unanswered("HTTP 503", status=503),
    "too_many": Declined("HTTP 429", status=429),
    "not_sent": NotSent("connection refused"),
    "refused": AccountRefused("Uniqodo 101", code="101", status=200),
    "rejected": Rejected("Uniqodo 202", code="202", status=200),
    "crashed": Crashed("it kills its workers"),
    "gave_up": GaveUp("waited too long"),
}


@dataclass
class Attempt:
    """A worker's claim, and what it heard from the partner since."""

    id: str
    account: Account
    claim: Claim
    record: Record
    lease_ends: float
    leapt: float
    answer: str | None = None


@dataclass(frozen=True)
class Work:
    """What a worker gets done before it stalls, what the partner answers, and how it is recorded."""

    answer: str
    calls: bool = True
    records: bool = True
    delay: float = 0.0
    unheard: bool = False
    """The ledger's own answers were lost on the way, so each claim and write is made again."""


class World(RuleBasedStateMachine):
    """See the module."""

    server: ClassVar[Redis]

    def __init__(self) -> None:
        super().__init__()
        self.server.flushdb()
        limits = LedgerLimits(keep=400 * DAY, give_up_after=GIVE_UP, breaker=Breaker(failures=2, probe_after=2))
        self.book = Book(self.server, limits)
        self.leapt = 0.0
        """Seconds that the server's clock leapt ahead by so little that nobody could notice."""
        self.attempts: list[Attempt] = []
        self.truth = Truth()

    # --- time

    def pass_time(self, passed: float, *, watched: bool = True) -> None:
        self.book.passes(passed, watched=watched)
        if watched:
            self.book.wakers_look()

    def leap(self, seconds: float, *, noticed: bool) -> None:
        if 0 < seconds <= UNNOTICED:
            self.leapt += seconds
        self.book.leaps(seconds, watched=False)
        if noticed:
            self.book.wakers_look()

    def ledgers_clock(self) -> float:
        """The time that passed, as far as the ledger can know."""
        return self.book.clock() + self.leapt

    def copy(self) -> Copy:
        return Copy.of(self.book, self.truth.accepted, HERE)

    # --- what a worker does

    def claim(self, redemption_id: str, account: Account, *, unheard: bool = False) -> Attempt | None:
        if redemption_id in self.truth.erased:
            assert self.book.claim(redemption_id, account).status == "unknown"
            return None
        before, may_send, began = self.book.record(redemption_id), self.may_send(account), self.book.clock()
        claim = self.book.claim(redemption_id, account)
        if claim.record is None:
            assert claim.status in ("settled", "busy", "early", "resting")
            return None
        assert before.state not in SETTLED
        assert redemption_id not in self.truth.yes
        assert not any(self.holds(other, before) for other in self.attempts)
        if claim.status == "claimed":
            assert may_send or before.test
        if unheard:
            again = self.book.claim(redemption_id, account, owner=claim.owner)
            assert (again.status, again.record and again.record.attempts) == (claim.status, claim.record.attempts)
        attempt = Attempt(redemption_id, account, claim, claim.record, began + LEASE, self.leapt)
        self.attempts.append(attempt)
        return attempt

    def holds(self, attempt: Attempt, record: Record) -> bool:
        """Whether the record is this attempt's for as long as it was promised, give or take what nobody noticed."""
        left = attempt.lease_ends - self.book.clock() - (self.leapt - attempt.leapt)
        return record.fields.get("owner") == attempt.claim.owner and left > 0.01  # the ledger counts milliseconds

    def may_send(self, account: Account) -> bool:
        """Not while it is paused or refused; and to an ill one a single probe at a time, when it is due."""
        health = self.book.health(account)
        if "paused_at" in self.book.map("account", account.name) or health.get("state") == "refused":
            return False
        if health.get("state") != "open":
            return True
        ledger, now = self.book.ledger, self.book.now()
        under_way = ledger.redis.zcount(ledger.key("flight", account.name, account.fingerprint), f"({now}", "+inf")
        return under_way == 0 and float(health["probe_at"]) <= now + 50

    def go_on(self, attempt: Attempt, work: Work) -> None:
        """As far as the worker gets this time."""
        if attempt.answer is None and work.calls:
            self.call(attempt, work)
        if attempt.answer is not None and work.records:
            self.record(attempt, work)

    def call(self, attempt: Attempt, work: Work) -> None:
        if attempt.claim.status != "claimed":
            attempt.answer = attempt.claim.status
        elif attempt.lease_ends - 1 - self.book.clock() < CALL:
            self.attempts.remove(attempt)
            released = self.book.ledger.release(attempt.id, attempt.claim)
            if released and work.unheard:
                assert not self.book.ledger.release(attempt.id, attempt.claim)
        else:
            attempt.answer = "yes" if attempt.record.test else self.partner_answers(attempt, work.answer)

    def partner_answers(self, attempt: Attempt, answer: str) -> str:
        # Only owners call; but for one whose predecessor's late yes settled it between the claim and the call.
        assert attempt.id not in self.truth.erased or self.leapt - attempt.leapt >= CALL
        record = self.book.ledger.find(attempt.id)
        owner = record and record.fields.get("owner")
        overtaken = attempt.record.ambiguous and attempt.id in self.truth.yes
        assert owner == attempt.claim.owner or overtaken or self.leapt - attempt.leapt >= CALL
        assert attempt.id not in self.truth.yes or overtaken
        assert attempt.record.ambiguous or not self.truth.booked[attempt.id]  # again only where an answer was lost
        if answer == "not_sent":
            return answer
        self.truth.calls[attempt.id] += 1
        if answer not in ("yes", "lost"):
            return answer
        if attempt.account.partner == "uniqodo" and self.truth.booked[attempt.id]:
            return "already"
        self.truth.booked[attempt.id] += 1
        return answer

    def record(self, attempt: Attempt, work: Work) -> None:
        self.attempts.remove(attempt)
        if attempt.id in self.truth.erased:
            assert self.write(attempt, work.delay) == "late"
            return
        before = self.book.record(attempt.id)
        result = self.write(attempt, work.delay)
        after = self.book.record(attempt.id)
        if work.unheard and result != "late":
            assert self.write(attempt, work.delay) == result
            assert self.book.record(attempt.id) == after
        if attempt.answer == "yes" and before.state not in CLOSED:
            assert result == "settled"
            self.truth.yes.add(attempt.id)
        elif attempt.answer == "yes" or before.fields.get("owner") != attempt.claim.owner:
            assert result == "late"
            assert after.state is before.state
        else:
            assert result != "late"
            assert after.fields["recorded_by"] == attempt.claim.owner

    def write(self, attempt: Attempt, delay: float) -> str:
        book, claim, answer = self.book, attempt.claim, attempt.answer
        if answer == "yes":
            return book.yes(claim).result
        if answer == "already":
            # The partner has our own call on its books, so ours was ambiguous, and is known to have been.
            assert attempt.record.ambiguous
            return book.yes(claim, State.PRESUMED).result
        error = ERRORS[answer or "lost"]
        if isinstance(error, PermanentError):
            return book.no(claim, error).result
        return book.later(claim, error, delay).result


def account_of(redemption_id: str, key: str) -> Account:
    """The account of a redemption, under these settings."""
    return replace(next(one for one in HERE if one.partner in redemption_id), fingerprint=key)
