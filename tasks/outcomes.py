"""What one attempt at a redemption came to, for the task that made it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tasks.errors import AccountRefused, PermanentError, TransientError
from tasks.ledger import Claim, State


@dataclass(frozen=True)
class Settled:
    """Done: `redeemed` or `presumed`."""

    state: State


@dataclass(frozen=True)
class Buried:
    """A dead letter, for `error`'s reason."""

    error: PermanentError


@dataclass(frozen=True)
class Nothing:
    """Nothing was sent, and why: one of the ledger's words."""

    status: str


@dataclass(frozen=True)
class Again:
    """It failed and is worth another attempt in `delay` seconds; not recorded yet: that is `park`'s."""

    redemption_id: str
    claim: Claim
    error: TransientError | AccountRefused
    delay: float
    entry: dict[str, Any]


Result = Settled | Buried | Nothing | Again
