"""The life of redemptions, as Hypothesis would have it: any order of events, crashes between any two steps.

Workers of two configurations, wakers, operators, lost answers and outages act on the ledger as they please, and after
every step what the ledger promises must hold. The end of every run is calm: then everything must settle by itself.

`./run pytest tests/tasks/ledger -m soak` runs it for a long time, at random.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import ClassVar, Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from redis import Redis

from config.patience import Breaker
from tasks.errors import (
    AccountRefused,
    Crashed,
    Declined,
    NotSent,
    PermanentError,
    Rejected,
    TransientError,
    Unanswered,
    Unroutable,
)
from tasks.ledger import Account, Claim, LedgerLimits, Planned, Record, State
from tasks.ledger.opening import UNKNOWN
from tests.tasks.ledger.kit import DAY, LEASE, Book, redemption
from tests.tasks.ledger.promises import CLOSED, SETTLED, Copy, Truth, check

GIVE_UP: Final = 3600.0
CALL: Final = 4.0
HERE: Final = (Account("sovendus", "uk", "new"), Account("uniqodo", "de", "new"))
KEYS: Final = ("old", "new")

accounts = st.builds(replace, st.sampled_from(HERE), fingerprint=st.sampled_from(KEYS))
seconds = st.sampled_from([0.5, 3.0, LEASE + 1, LEASE + 1, 70.0, GIVE_UP])
picks = st.integers(0, 10**6)

ERRORS: Final[Mapping[str, TransientError | AccountRefused | PermanentError]] = {
    "lost": Unanswered("no answer: timed out"),
    "unavailable": Unanswered("HTTP 503", status=503),
    "too_many": Declined("HTTP 429", status=429),
    "not_sent": NotSent("connection refused"),
    "refused": AccountRefused("Uniqodo 101", code="101", status=200),
    "rejected": Rejected("Uniqodo 202", code="202", status=200),
    "bury": Crashed("it kills its workers"),
}


def identity(code: str) -> str:
    return code.strip().upper()


@dataclass
class Attempt:
    """A worker's claim, and what it heard from the partner since."""

    id: str
    account: Account
    claim: Claim
    record: Record
    until: float
    answer: str | None = None


@dataclass(frozen=True)
class Work:
    """What a worker gets done before it stalls, what the partner answers, and how it is recorded."""

    answer: str
    calls: bool = True
    records: bool = True
    delay: float = 0.0
    unheard: bool = False
    """The ledger's own answer was lost on the way, so the write is made again."""


works = st.builds(
    Work,
    answer=st.sampled_from(
        ["yes", "yes", "lost", "lost", "unavailable", "too_many", "not_sent", "rejected", "refused"]
    ),
    calls=st.sampled_from([True, True, True, False]),
    records=st.sampled_from([True, True, False]),
    delay=st.sampled_from([0.0, 0.0, 3.0, 60.0]),
    unheard=st.booleans(),
)


class Life(RuleBasedStateMachine):
    """See the module."""

    server: ClassVar[Redis]

    def __init__(self) -> None:
        super().__init__()
        self.server.flushdb()
        limits = LedgerLimits(keep=400 * DAY, give_up_after=GIVE_UP, breaker=Breaker(failures=2, probe_after=2))
        self.book = Book(self.server, limits)
        self.elapsed = 0.0
        self.attempts: list[Attempt] = []
        self.truth = Truth()

    # --- shops and ERPs

    @rule(
        account=accounts,
        codes=st.lists(st.sampled_from(["AB12", "ab12 ", "CD34"]), min_size=1, max_size=2, unique_by=identity),
        order=st.sampled_from(["1", "1", "1", "2"]),
        value=st.sampled_from([Decimal("219.99"), Decimal("199.99")]),
        test=st.sampled_from([False] * 7 + [True]),
    )
    def an_order_is_completed(
        self, account: Account, codes: list[str], order: str, value: Decimal, *, test: bool
    ) -> None:
        plans = [
            Planned(redemption(code, account=account, order_id=order, order_value=value, test=test), account)
            for code in codes
        ]
        for opened in self.book.ledger.open(plans):
            redemption_id = opened.id
            assert (opened.result == "duplicate") == (redemption_id in self.truth.accepted)
            self.truth.accepted.setdefault(redemption_id, value)

    # --- workers

    def any_id(self, pick: int) -> str:
        """Mostly of those that wait, which have more to come."""
        waiting = sorted(self.copy().unsettled()) if pick % 5 else []
        ids = waiting or sorted(self.truth.accepted)
        return ids[pick % len(ids)]

    @precondition(lambda self: self.truth.accepted)
    @rule(heard=st.lists(st.tuples(picks, st.sampled_from(KEYS), works), min_size=1, max_size=4))
    def doorbells_are_heard(self, heard: list[tuple[int, str, Work]]) -> None:
        for pick, key, work in heard:
            redemption_id = self.any_id(pick)
            attempt = self.claim(redemption_id, _account(redemption_id, key))
            if attempt is not None:
                self.go_on(attempt, work)

    @precondition(lambda self: self.attempts)
    @rule(pick=picks, work=works, overtaken=st.booleans())
    def a_slow_worker_goes_on(self, pick: int, work: Work, *, overtaken: bool) -> None:
        slow = self.attempts[pick % len(self.attempts)]
        if overtaken:
            self.pass_time(LEASE + 1)
            self.claim(slow.id, slow.account)
        self.go_on(slow, work)

    @precondition(lambda self: self.attempts)
    @rule(pick=picks)
    def a_worker_dies(self, pick: int) -> None:
        del self.attempts[pick % len(self.attempts)]

    def claim(self, redemption_id: str, account: Account) -> Attempt | None:
        before = self.book.record(redemption_id)
        may_send = self.may_send(account)
        claim = self.book.claim(redemption_id, account)
        if claim.record is None:
            assert claim.status in ("settled", "busy", "early", "resting")
            return None
        assert before.state not in SETTLED
        assert redemption_id not in self.truth.yes
        if claim.status == "claimed":
            assert may_send or before.test
        attempt = Attempt(redemption_id, account, claim, claim.record, self.elapsed + LEASE - 1)
        self.attempts.append(attempt)
        return attempt

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
            self.call(attempt, work.answer)
        if attempt.answer is not None and work.records:
            self.record(attempt, work)

    def call(self, attempt: Attempt, answer: str) -> None:
        if attempt.claim.status != "claimed":
            attempt.answer = "bury"
        elif attempt.until - self.elapsed < CALL:
            self.attempts.remove(attempt)
            self.book.ledger.release(attempt.id, attempt.claim)
        else:
            attempt.answer = "yes" if attempt.record.test else self.partner_answers(attempt, answer)

    def partner_answers(self, attempt: Attempt, answer: str) -> str:
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

    # --- wakers and the clock

    @rule(account=accounts, known=st.sampled_from([True, True, True, False]))
    def a_waker_looks(self, account: Account, *, known: bool) -> None:
        account = account if known else replace(account, fingerprint=UNKNOWN)
        paused = "paused_at" in self.book.map("account", account.name)
        state = self.book.health(account).get("state")
        rung, given_up, _ = self.book.ledger.wake(account, limit=200, longest_lease=LEASE)
        if paused or state == "refused":
            assert (rung, given_up) == ([], [])
        if state == "open":
            assert len(rung) <= 1
        assert self.copy().unsettled().keys() >= set(rung)

    @rule(passed=seconds, watched=st.sampled_from([True, True, False]))
    def time_passes(self, passed: float, *, watched: bool) -> None:
        self.pass_time(passed, watched=watched)

    def pass_time(self, passed: float, *, watched: bool = True) -> None:
        self.elapsed += passed
        self.book.passes(passed, watched=watched)
        if watched:
            self.book.wakers_look()

    # --- operators, and workers that lack settings

    @rule(account=accounts, action=st.sampled_from(["pause", "resume", "resume"]))
    def an_operator_acts_on_an_account(self, account: Account, action: str) -> None:
        if action == "pause":
            self.book.ledger.pause(account)
        else:
            self.book.ledger.resume(account)
            assert self.book.health(account).get("state") not in ("open", "refused")

    @precondition(lambda self: self.book.dead())
    @rule(pick=picks, key=st.sampled_from(KEYS), action=st.sampled_from(["replay", "replay", "discard"]))
    def an_operator_acts_on_a_dead_letter(self, pick: int, key: str, action: str) -> None:
        letters = self.book.dead()
        letter = letters[pick % len(letters)]
        assert letter not in self.truth.yes
        if action == "discard":
            assert self.book.ledger.discard(letter, {"outcome": "discarded"})
        else:
            result = self.book.ledger.replay(letter, _account(letter, key), {}, {"outcome": "replayed"})
            assert result in ("ring", "rest")

    @precondition(lambda self: self.truth.accepted)
    @rule(pick=picks, action=st.sampled_from(["hasten", "hasten", "defer"]))
    def one_is_brought_forward_or_put_off(self, pick: int, action: str) -> None:
        if action == "hasten":
            self.book.ledger.hasten(self.any_id(pick))
        else:
            self.book.ledger.defer(self.any_id(pick), 60, Unroutable("no account"))

    # --- what must hold after every step

    @invariant()
    def the_ledger_keeps_its_promises(self) -> None:
        check(self.copy(), self.truth)

    def copy(self) -> Copy:
        return Copy.of(self.book, self.truth.accepted, HERE)

    # --- and in the end

    def teardown(self) -> None:
        """All is well again, workers and wakers go on: everything that was accepted must settle by itself."""
        for account in HERE:
            self.book.ledger.resume(account)
        self.attempts.clear()
        for _ in range(60):
            self.pass_time(15)
            for account in HERE:
                for redemption_id in self.book.look(account):
                    self.settle(redemption_id, account)
            if not self.copy().unsettled():
                break
        assert self.copy().unsettled() == {}
        self.the_ledger_keeps_its_promises()

    def settle(self, redemption_id: str, account: Account) -> None:
        attempt = self.claim(redemption_id, account)
        if attempt is not None:
            self.go_on(attempt, Work("yes"))


def _account(redemption_id: str, key: str) -> Account:
    return replace(next(one for one in HERE if one.partner in redemption_id), fingerprint=key)


def live(redis: Redis, profile: settings) -> None:
    class Here(Life):
        server = redis

    run_state_machine_as_test(Here, settings=profile)


def test_the_ledger_keeps_its_promises_whatever_happens(redis: Redis) -> None:
    live(redis, settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True))


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_the_ledger_keeps_its_promises_for_long(redis: Redis) -> None:
    live(redis, settings(max_examples=2000, stateful_step_count=120, deadline=None))
