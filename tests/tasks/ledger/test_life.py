"""The life of redemptions, as Hypothesis would have it: any order of events, crashes between any two steps.

Shops, workers of two configurations, wakers, operators, lost answers, outages and clocks that are set act on the ledger
as they please, and after every step what the ledger promises must hold. Whoever rings a doorbell may die before it
rang: here none is ever heard for having been rung, and any is heard at any time, by as many workers as like. The end
of every run is calm: then everything must settle by itself.

What Redis itself forgets, the last second of writes in a power cut, is out of scope.

`./run pytest tests/tasks/ledger -m soak` runs it for a long time, at random.
"""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Final

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test
from redis import Redis

from tasks.errors import Unroutable
from tasks.identity import order_of
from tasks.ledger import Account, Planned, State
from tasks.ledger.opening import UNKNOWN
from tests.tasks.ledger.kit import DAY, HOUR, LEASE, redemption
from tests.tasks.ledger.promises import SETTLED, Stake, check, check_given_up
from tests.tasks.ledger.world import GIVE_UP, HERE, KEYS, Work, World, account_of

CURRENCIES: Final = {"sovendus": "GBP", "uniqodo": "EUR"}

accounts = st.builds(replace, st.sampled_from(HERE), fingerprint=st.sampled_from(KEYS))
seconds = st.sampled_from([0.5, 3.0, LEASE + 1, LEASE + 1, 70.0, GIVE_UP])
leaps = st.sampled_from([0.05, 1.0, LEASE, GIVE_UP, 2 * DAY, -0.005, -1.0, -LEASE, -HOUR, -2 * DAY])
picks = st.integers(0, 10**6)
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


def identity(code: str) -> str:
    return code.strip().upper()


class Life(World):
    """See the module."""

    # --- shops and ERPs

    @rule(
        account=accounts,
        codes=st.lists(st.sampled_from(["AB12", "ab12 ", "CD34"]), min_size=1, max_size=2, unique_by=identity),
        order=st.sampled_from(["1", "1", "1", "2"]),
        value=st.sampled_from([Decimal("219.99"), Decimal("199.99")]),
        test=st.sampled_from([False] * 7 + [True]),
        unheard=st.booleans(),
    )
    def an_order_is_completed(
        self, account: Account, codes: list[str], order: str, value: Decimal, *, test: bool, unheard: bool
    ) -> None:
        stake = Stake(value, CURRENCIES[account.partner])
        plans = [
            Planned(
                redemption(
                    code, account=account, order_id=order, order_value=value, currency=stake.currency, test=test
                ),
                account,
            )
            for code in codes
        ]
        for opened in self.book.ledger.open(plans):
            assert (opened.result == "duplicate") == (opened.id in self.truth.accepted)
            self.truth.accepted.setdefault(opened.id, stake)
            self.truth.waits_since.setdefault(opened.id, self.ledgers_clock())
        if unheard:
            assert {opened.result for opened in self.book.ledger.open(plans)} == {"duplicate"}

    # --- workers

    def any_id(self, pick: int) -> str:
        """Mostly of those that wait, which have more to come."""
        waiting = sorted(self.copy().unsettled()) if pick % 5 else []
        ids = waiting or self.truth.present
        return ids[pick % len(ids)]

    @precondition(lambda self: self.truth.present)
    @rule(heard=st.lists(st.tuples(picks, st.sampled_from(KEYS), works), min_size=1, max_size=4))
    def doorbells_are_heard(self, heard: list[tuple[int, str, Work]]) -> None:
        for pick, key, work in heard:
            redemption_id = self.any_id(pick)
            attempt = self.claim(redemption_id, account_of(redemption_id, key), unheard=work.unheard)
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

    # --- wakers and the clock

    @rule(account=accounts, known=st.sampled_from([True, True, True, False]))
    def a_waker_looks(self, account: Account, *, known: bool) -> None:
        account = account if known else replace(account, fingerprint=UNKNOWN)
        paused = "paused_at" in self.book.map("account", account.name)
        state = self.book.health(account).get("state")
        rung, given_up, *_ = self.book.ledger.wake(account, limit=200, longest_lease=LEASE)
        if paused or state == "refused":
            assert (rung, given_up) == ([], [])
        if state == "open":
            assert len(rung) <= 1
        assert self.copy().unsettled().keys() >= set(rung)

    @rule(passed=seconds, watched=st.sampled_from([True, True, False]))
    def time_passes(self, passed: float, *, watched: bool) -> None:
        self.pass_time(passed, watched=watched)

    @rule(leap=leaps, noticed=st.booleans())
    def the_servers_clock_is_set(self, leap: float, *, noticed: bool) -> None:
        self.leap(leap, noticed=noticed)

    # --- operators, and workers that lack settings

    @rule(account=accounts, action=st.sampled_from(["pause", "resume", "resume"]), unheard=st.booleans())
    def an_operator_acts_on_an_account(self, account: Account, action: str, *, unheard: bool) -> None:
        if action == "pause":
            self.book.ledger.pause(account)
            assert not (unheard and self.book.ledger.pause(account))
        else:
            self.book.ledger.resume(account)
            assert not (unheard and self.book.ledger.resume(account))
            assert self.book.health(account).get("state") not in ("open", "refused")

    @precondition(lambda self: self.book.dead())
    @rule(
        pick=picks,
        key=st.sampled_from(KEYS),
        action=st.sampled_from(["replay", "replay", "discard"]),
        unheard=st.booleans(),
    )
    def an_operator_acts_on_a_dead_letter(self, pick: int, key: str, action: str, *, unheard: bool) -> None:
        letters, ledger = self.book.dead(), self.book.ledger
        letter = letters[pick % len(letters)]
        assert letter not in self.truth.yes
        if action == "discard":
            assert ledger.discard(letter, {"outcome": "discarded"})
            assert not (unheard and ledger.discard(letter, {"outcome": "discarded"}))
            return
        account, entry = account_of(letter, key), {"outcome": "replayed"}
        assert ledger.replay(letter, account, {}, entry) in ("ring", "rest")
        self.truth.waits_since[letter] = self.ledgers_clock()
        if unheard:
            assert ledger.replay(letter, account, {}, entry) == "no"

    @precondition(lambda self: self.truth.present)
    @rule(pick=picks, action=st.sampled_from(["hasten", "hasten", "defer"]))
    def one_is_brought_forward_or_put_off(self, pick: int, action: str) -> None:
        if action == "hasten":
            self.book.ledger.hasten(self.any_id(pick))
        else:
            self.book.ledger.defer(self.any_id(pick), 60, Unroutable("no account"))

    @precondition(lambda self: self.truth.present)
    @rule(order=st.sampled_from(["1", "2", "2", "2"]), unreported=st.booleans(), unheard=st.booleans())
    def an_order_is_erased(self, order: str, *, unreported: bool, unheard: bool) -> None:
        before = {one: self.book.record(one) for one in self.truth.present if order_of(one) == order}
        states = {record.state for record in before.values()}
        arguments = ("1" if unreported else "0", "salt", json.dumps(list(before)), "[]")
        result, _ = self.book.ledger.script("erase", round(400 * DAY * 1000), *arguments)
        if result == "erased":
            assert unreported or states <= SETTLED
            for attempt in self.attempts:
                assert attempt.id not in before or not self.holds(attempt, before[attempt.id])
            self.truth.erased |= before
            if unheard:
                assert self.book.ledger.script("erase", round(400 * DAY * 1000), *arguments) == ["erased", 0]
        else:
            assert not states <= SETTLED
            assert State.SENDING in states if result == "sending" else not unreported
            assert all(self.book.record(one) == record for one, record in before.items())

    # --- what must hold after every step

    @invariant()
    def the_ledger_keeps_its_promises(self) -> None:
        copy = self.copy()
        check(copy, self.truth)
        check_given_up(copy, self.truth, self.ledgers_clock() + 0.1, GIVE_UP)

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


def live(redis: Redis, profile: settings) -> None:
    class Here(Life):
        server = redis

    run_state_machine_as_test(Here, settings=profile)


def test_the_ledger_keeps_its_promises_whatever_happens(redis: Redis) -> None:
    live(redis, settings(max_examples=40, stateful_step_count=40, deadline=None, derandomize=True))


@pytest.mark.soak
@pytest.mark.timeout(4 * 3600)
def test_the_ledger_keeps_its_promises_for_long(redis: Redis) -> None:
    live(redis, settings(max_examples=2000, stateful_step_count=120, deadline=None))
