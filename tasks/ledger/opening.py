"""What is handed to the ledger to open, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

from tasks.errors import PermanentError
from tasks.identity import account_name, account_parts
from tasks.ledger.record import State, redemption_fields
from tasks.redemption import Redemption

UNKNOWN: Final = "-"
"""Stands for the fingerprint of an account that the settings do not have."""


@dataclass(frozen=True)
class Account:
    """A shop's account with a partner, under one set of settings: what health is kept for."""

    partner: str
    shop: str
    fingerprint: str = UNKNOWN

    @property
    def known(self) -> bool:
        """Whether the settings at hand have this account at all."""
        return self.fingerprint != UNKNOWN

    @property
    def name(self) -> str:
        """`<partner>:<shop>`, as keys and tables have it."""
        return account_name(self.partner, self.shop)

    @classmethod
    def parts(cls, name: str) -> tuple[str, str]:
        """Partner and shop out of an account's name."""
        return account_parts(name)


@dataclass(frozen=True)
class Planned:
    """A redemption to open; `fate` is why it is born a dead letter, if it is; `note` goes onto its record.

    It is a duplicate if it is known, or any of the ids in `unless` is. `entry` begins its history, if there is
    something to tell of where it came from.
    """

    redemption: Redemption
    account: Account
    fate: PermanentError | None = None
    note: str | None = None
    unless: tuple[str, ...] = ()
    entry: Mapping[str, Any] | None = None

    def entry_to_open(self) -> dict[str, Any]:
        """What `open.lua` is told of it."""
        redemption, fate = self.redemption, self.fate
        fields = redemption_fields(redemption)
        fields["attempts"] = fields["tries"] = "0"
        fields["state"] = (State.QUEUED if fate is None else State.DEAD).value
        if self.note:
            fields["note"] = self.note
        told: dict[str, Any] = {
            "id": redemption.id,
            "account": self.account.name,
            "fp": self.account.fingerprint,
            "known_as": (redemption.id, *self.unless),
            "fields": [*chain.from_iterable(fields.items())],
        }
        if redemption.test:
            told["test"] = True
        if self.entry:
            told["history"] = json.dumps(self.entry, ensure_ascii=False)
        if fate is not None:
            told["fate"] = (fate.reason, fate.code or "", fate.message)
        return told


@dataclass(frozen=True)
class Opened:
    """What opening did: "ring" is new and its doorbell rang, "rest" is new and waits for its account, "dead" is new and
    dead, "duplicate" was known.

    `id` is the redemption's in the ledger: for a duplicate, the known one's.
    """

    planned: Planned
    result: str
    id: str
