"""What the ledger promises at every moment, checked against a copy of all that it holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Final

from tasks.errors import GaveUp
from tasks.ledger import Account, Record, State
from tasks.reports.settled import Selection, settled
from tests.tasks.ledger.kit import Book

SETTLED: Final = {State.REDEEMED, State.PRESUMED, State.DEAD, State.DISCARDED}
CLOSED: Final = SETTLED - {State.DEAD}
REPORTED: Final = {State.REDEEMED, State.PRESUMED}
LONGEST_WAIT: Final = 61_000
"""Nothing in `test_life.py` is ever put off for longer, in milliseconds: no lease, backoff, probe, or doorbell."""


@dataclass(frozen=True)
class Stake:
    """The order value that a redemption was accepted with."""

    value: Decimal
    currency: str


@dataclass
class Truth:
    """What really happened, whatever the ledger says."""

    accepted: dict[str, Stake] = field(default_factory=dict)
    """Every id ever accepted, with its first content."""
    waits_since: dict[str, float] = field(default_factory=dict)
    """When its give-up clock started, in the time that passed as far as the ledger can know."""
    calls: Counter[str] = field(default_factory=Counter)
    booked: Counter[str] = field(default_factory=Counter)
    """Calls on which the partner acted."""
    yes: set[str] = field(default_factory=set)
    """Those whose definite yes the ledger took."""
    erased: dict[str, Record] = field(default_factory=dict)
    """Those that were erased, as they were: none of them ever comes back."""

    @property
    def present(self) -> list[str]:
        """Every id that the ledger still has to have."""
        return sorted(self.accepted.keys() - self.erased.keys())


@dataclass(frozen=True)
class Copy:
    """All that a ledger held at one moment."""

    now: float
    records: list[Record]
    wakes: Mapping[str, Mapping[str, float]]
    dead: set[str]
    tallies: Mapping[str, Mapping[str, str]]
    outcomes: list[dict[str, str]]
    reported: list[tuple[str, State]]

    @classmethod
    def of(cls, book: Book, ids: Iterable[str], accounts: Iterable[Account]) -> Copy:
        ids, names = list(ids), [account.name for account in accounts]
        pipeline = book.ledger.redis.pipeline(transaction=True)
        for one in ids:
            pipeline.hgetall(book.ledger.key("redemption", one))
        for name in names:
            pipeline.zrange(book.ledger.key("wake", name), 0, -1, withscores=True)
            pipeline.hgetall(book.ledger.key("tally", name))
        pipeline.zrange(book.ledger.key("dead"), 0, -1)
        pipeline.xrange(book.ledger.key("outcomes"))
        *found, dead, outcomes = pipeline.execute()
        records, accounts_found = found[: len(ids)], found[len(ids) :]
        return cls(
            now=book.now(),
            records=[Record(one, fields) for one, fields in zip(ids, records, strict=True) if fields],
            wakes=dict(zip(names, map(dict, accounts_found[::2]), strict=True)),
            tallies=dict(zip(names, accounts_found[1::2], strict=True)),
            dead=set(dead),
            outcomes=[entry for _, entry in outcomes],
            reported=[(record.id, record.state) for record in settled(book.ledger, Selection())],
        )

    def unsettled(self) -> dict[str, State]:
        return {record.id: record.state for record in self.records if record.state not in SETTLED}


def check(copy: Copy, truth: Truth) -> None:
    """Every accepted redemption is in one state, with one wake-up until it is settled and none from then on."""
    assert {record.id for record in copy.records} == set(truth.present)
    for account, wakes in copy.wakes.items():
        assert wakes.keys() == {record.id for record in copy.records if record.account == account and _waits(record)}
        assert max(wakes.values(), default=0) <= copy.now + LONGEST_WAIT
    assert copy.dead == {record.id for record in copy.records if record.state is State.DEAD}
    for record in copy.records:
        _check_one(record, truth)
        _check_moments(record, copy.now)
    books = replace(copy, records=[*copy.records, *truth.erased.values()])
    _check_books(books)
    _check_money(books, truth)


def check_given_up(copy: Copy, truth: Truth, now: float, give_up_after: float) -> None:
    """Nothing was given up before its time, which no leap of the server's clock brings nearer."""
    for record in copy.records:
        if record.reason == GaveUp.reason:
            assert now - truth.waits_since[record.id] >= give_up_after


def _waits(record: Record) -> bool:
    return record.state not in SETTLED


def _check_one(record: Record, truth: Truth) -> None:
    fields, state, booked = record.fields, record.state, truth.booked[record.id]
    assert record.attempts >= truth.calls[record.id]
    assert 0 <= record.tries <= record.attempts
    assert ("owner" in fields) == ("lease_until" in fields) == (state is State.SENDING)
    assert ("personal" in fields) == (state not in CLOSED)
    assert (record.reason is not None) == (state in (State.DEAD, State.DISCARDED))
    assert state not in REPORTED or booked or record.test
    assert record.id not in truth.yes or state is State.REDEEMED
    assert booked <= 1 or record.ambiguous  # sent again only where an answer was lost


def _check_moments(record: Record, now: float) -> None:
    if _waits(record):
        assert int(record.fields["due"]) <= now + LONGEST_WAIT
    assert int(record.fields.get("lease_until", 0)) <= now + LONGEST_WAIT


def _check_books(copy: Copy) -> None:
    """Counts and the outcome stream say what the records say; nothing is told twice."""
    ends = Counter((record.account, record.state.value) for record in copy.records if not record.test)
    known = Counter(record.account for record in copy.records if not record.test)
    for account, tally in copy.tallies.items():
        expected = {state.value: ends[account, state.value] for state in CLOSED if ends[account, state.value]}
        assert {name: int(count) for name, count in tally.items() if name in CLOSED} == expected
        assert int(tally.get("accepted", 0)) == known[account]
    told = Counter(outcome["id"] for outcome in copy.outcomes if outcome["state"] in REPORTED)
    assert told == Counter(record.id for record in copy.records if record.state in REPORTED)
    ended = [(record.id, record.state) for record in copy.records if record.state in SETTLED and not record.test]
    assert sorted(copy.reported) == sorted(ended)


def _check_money(copy: Copy, truth: Truth) -> None:
    """By currency, all states together hold what was accepted."""
    accepted, held = Counter[str](), Counter[str]()
    for stake in truth.accepted.values():
        accepted[stake.currency] += int(stake.value * 100)
    for record in copy.records:
        held[record.fields["currency"]] += int((record.order_value or Decimal(0)) * 100)
    assert held == accepted
