"""What the ledger's scripts answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from tasks.ledger.opening import Account
from tasks.ledger.record import Record


@dataclass(frozen=True)
class Claim:
    """The answer to a claim. Only with a `record` is it ours, of which it has what a call needs; `status` is one of
    claim.lua's words.
    """

    status: str
    owner: str
    account: Account
    record: Record | None = None


class Recorded(NamedTuple):
    """What recording did: one of the script's words, and what it changed about the account's breaker, if anything."""

    result: str
    breaker: str


@dataclass(frozen=True)
class Resumed:
    """What there was to resume: a pause, and the settings under which the account was shut. Neither: falsy."""

    paused: bool
    shut: Mapping[str, str]
    """Fingerprint of the settings → `open` or `refused`."""

    def __bool__(self) -> bool:
        return self.paused or bool(self.shut)


class Woken(NamedTuple):
    """The ids whose doorbell rang, those that were given up, and the seconds until the next one is due; how many
    accounts there are, and whether no other waker has looked since this one did.
    """

    rung: list[str]
    given_up: list[str]
    next_due: float | None
    accounts: int
    alone: bool
