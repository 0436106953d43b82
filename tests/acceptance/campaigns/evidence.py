"""What a verdict is reached from: what was promised to shops, what our ledger says, and what the partners booked."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from tasks.identity import redemption_id
from tasks.reports.settled import Selection, settled

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from tasks.ledger import Ledger, Record, State
    from worker.dev.sandbox import Call, Redemption, Sandbox

_BATCH: Final = 500


class Fate(StrEnum):
    """What must become of a redemption, by its code."""

    YES = "yes"
    """The partner takes it."""
    NO = "no"
    """The partner refuses it for good."""
    TAKEN = "taken"
    """The code is used up by somebody else: a dead letter, or presumed ours where an answer of ours was lost."""


@dataclass(frozen=True)
class Promise:
    """One redemption of an event that a door has acknowledged; `value` is its order's."""

    id: str
    order_id: str
    value: Decimal
    currency: str
    fate: Fate = Fate.YES


@dataclass(frozen=True)
class Evidence:
    """Everything by our redemptions' ids; calls in order of arrival."""

    promises: Mapping[str, Promise]
    records: Mapping[str, Record]
    booked: Mapping[str, Sequence[Redemption]]
    """The partners' books; more than one entry where a shop has changed its account."""
    calls: Mapping[str, Sequence[Call]]
    reported: Sequence[tuple[str, State]]
    """What `redeem report` tells, in its order."""
    counted: Mapping[str, Mapping[str, str]]
    """Account → what the ledger counted as it went."""
    given_up: Sequence[Sequence[str]] = ()
    """The ids of each piece that was handed in at once, was not acknowledged, and was not handed in again."""
    wrong_answers: Sequence[tuple[str, str]] = ()
    """Which piece was answered what, where its door may not answer that."""
    rolled_back: Collection[str] = ()
    """The ids that orders would have had which their ERP took back."""
    wrong_rows: Sequence[tuple[str, str]] = ()
    """Which order's row in the outbox says what, where it should say something else."""


def gather(promises: Iterable[Promise], ledger: Ledger, partners: Sandbox, accounts: Mapping[str, str]) -> Evidence:
    """The evidence as it stands; `accounts` names the shop of each account (traffic source number or API key)."""
    booked: dict[str, list[Redemption]] = defaultdict(list)
    for entry in partners.redemptions():
        booked[_id(entry, accounts)].append(entry)
    calls: dict[str, list[Call]] = defaultdict(list)
    for call in partners.calls():
        calls[_id(call, accounts)].append(call)
    return Evidence(
        {promise.id: promise for promise in promises},
        _records(ledger),
        booked,
        calls,
        [(record.id, record.state) for record in settled(ledger, Selection())],
        {name: ledger.redis.hgetall(ledger.key("tally", name)) for name in ledger.accounts()},
    )


def _id(entry: Call | Redemption, accounts: Mapping[str, str]) -> str:
    shop = accounts.get(entry.account or "", "?")
    return redemption_id(entry.partner or "?", shop, entry.order_id or "?", entry.code or "?")


def _records(ledger: Ledger) -> dict[str, Record]:
    """All of them, promised or not."""
    prefix = ledger.key("redemption", "")
    ids = [key.removeprefix(prefix) for key in ledger.redis.scan_iter(match=f"{prefix}*", count=_BATCH)]
    return {
        record.id: record
        for start in range(0, len(ids), _BATCH)
        for record in ledger.find_all(ids[start : start + _BATCH])
    }
