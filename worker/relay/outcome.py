"""What a row says of its redemptions: one state for all of them, since an ERP asks "is this order done?". Pure.

A row is as far as the redemption that is furthest from done: dead, since it needs a person; retrying; queued; then what
is done without a report (erased, discarded); then presumed, which is a yes with a doubt; then redeemed.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from tasks.ledger import Record, State
from worker.relay.table import RowState

FIELDS: Final = ("state", "tries", "reported_at", "receipt", "reason", "error_code", "error_message")
"""What is looked at of a record."""

_FURTHEST_FIRST: Final = (
    RowState.DEAD,
    RowState.RETRYING,
    RowState.QUEUED,
    RowState.ERASED,
    RowState.DISCARDED,
    RowState.PRESUMED,
    RowState.REDEEMED,
)
_REPORTED: Final = (RowState.REDEEMED, RowState.PRESUMED)


@dataclass(frozen=True)
class Outcome:
    """The row's columns that tell what became of it, as they stand in the database."""

    state: str
    redemptions: str | None = None
    """A JSON array of ids."""
    reported_at: datetime | None = None
    """When the last of them was reported; None before all are."""
    receipt: str | None = None
    """A JSON object: of each redemption that is done its state, when it was reported, and what the partner gave."""
    error: str | None = None
    """A line for each redemption that is dead."""


@dataclass(frozen=True)
class _Fate:
    state: RowState
    reported_at: str | None = None
    receipt: Mapping[str, Any] | None = None
    error: str | None = None


def outcome(
    ids: Sequence[str],
    records: Mapping[str, Record],
    *,
    erased: Collection[str] = (),
    told: Mapping[str, Any] | None = None,
) -> Outcome:
    """What a row with these redemptions says.

    `told` is its receipt so far: of a redemption that was done and that the ledger has forgotten since, it stands.
    One that is in none of them is about to be handed in again, and counts as queued.
    """
    if not ids:
        return Outcome(RowState.NONE)
    fates = {id_: _fate(id_, records.get(id_), erased, told or {}) for id_ in ids}
    states = {fate.state for fate in fates.values()}
    all_reported = states <= set(_REPORTED)
    moments = [fate.reported_at for fate in fates.values() if fate.reported_at]
    receipts = {id_: fate.receipt for id_, fate in fates.items() if fate.receipt is not None}
    errors = [f"{id_}: {fate.error}" for id_, fate in fates.items() if fate.error is not None]
    return Outcome(
        state=min(states, key=_FURTHEST_FIRST.index),
        redemptions=json.dumps([*ids], ensure_ascii=False),
        reported_at=max(map(datetime.fromisoformat, moments)) if all_reported and moments else None,
        receipt=json.dumps(receipts, ensure_ascii=False) if receipts else None,
        error="\n".join(errors) or None,
    )


def refused(why: str) -> Outcome:
    """What a row says whose event is not valid."""
    return Outcome(RowState.REFUSED, error=why)


def _fate(id_: str, record: Record | None, erased: Collection[str], told: Mapping[str, Any]) -> _Fate:
    if record is None:
        return _forgotten(id_, erased, told)
    if record.state is State.DEAD:
        return _Fate(RowState.DEAD, error=_why(record))
    if record.state is State.SENDING:  # it lasts as long as a call
        return _Fate(RowState.RETRYING if record.tries > 1 else RowState.QUEUED)
    state = RowState(record.state)
    if record.state in (State.QUEUED, State.RETRYING):
        return _Fate(state)
    return _done(state, record)


def _forgotten(id_: str, erased: Collection[str], told: Mapping[str, Any]) -> _Fate:
    known = told.get(id_)
    if known is not None:
        return _Fate(RowState(known["state"]), known.get("reported_at"), known)
    return _Fate(RowState.ERASED, receipt={"state": RowState.ERASED}) if id_ in erased else _Fate(RowState.QUEUED)


def _done(state: RowState, record: Record) -> _Fate:
    given = json.loads(record.fields["receipt"]) if record.fields.get("receipt") else {}
    reported_at = record.moment("reported_at")
    receipt = {**given, "state": state}
    if reported_at is None or state not in _REPORTED:
        return _Fate(state, receipt=receipt)
    at = reported_at.astimezone(UTC).isoformat(timespec="milliseconds")
    return _Fate(state, at, {**receipt, "reported_at": at})


def _why(record: Record) -> str:
    code = record.fields.get("error_code")
    text = f"{record.reason}: {record.fields.get('error_message', '')}".rstrip(": ")
    return f"{text} ({code})" if code else text
