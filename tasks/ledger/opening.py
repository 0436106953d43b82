"""What is handed to the ledger to open, and what became of it."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, NamedTuple

from tasks.errors import PermanentError
from tasks.identity import account_name, account_parts
from tasks.ledger.record import redemption_fields
from tasks.redemption import Redemption

UNKNOWN: Final = "-"
"""Stands for the fingerprint of an account that the settings do not have."""

_JSON: Final = json.JSONEncoder(ensure_ascii=False)
_DUPLICATE: Final = "k"
_RESULTS: Final = {"r": "ring", "w": "rest", "d": "dead", _DUPLICATE: "duplicate"}


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


class Planned(NamedTuple):
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

    def told(self) -> list[object]:
        """What `open.lua` is told of it."""
        redemption, fate = self.redemption, self.fate
        more: dict[str, Any] = {}
        if redemption.test:
            more["test"] = True
        if self.entry:
            more["history"] = _JSON.encode(self.entry)
        if fate is not None:
            more["fate"] = (fate.reason, fate.code or "", fate.message)
        fields = chain.from_iterable(redemption_fields(redemption).items())
        note = ("note", self.note) if self.note else ()
        return [redemption.id, self.account.name, self.account.fingerprint, self.unless, more or 0, *fields, *note]


class Opening:
    """Redemptions as `open.lua` is told of them, made once: whoever opens them then has nothing left to work out."""

    def __init__(self, planned: Sequence[Planned]) -> None:
        self.planned = planned
        self.text: Final = json.dumps([plan.told() for plan in planned], separators=(",", ":"))

    def opened(self, results: str, known: Sequence[str]) -> list[Opened]:
        """What `open.lua` answered: a letter for each, and the known id of each duplicate, in their order."""
        ids = iter(known)
        return [
            Opened(plan, _RESULTS[letter], next(ids) if letter == _DUPLICATE else plan.redemption.id)
            for plan, letter in zip(self.planned, results, strict=True)
        ]


class Opened(NamedTuple):
    """What opening did: "ring" is new and its doorbell rang, "rest" is new and waits for its account, "dead" is new and
    dead, "duplicate" was known.

    `id` is the redemption's in the ledger: for a duplicate, the known one's.
    """

    planned: Planned
    result: str
    id: str
