"""The settings that the ledger's transitions heed."""

from __future__ import annotations

from dataclasses import dataclass

from config.patience import Breaker


@dataclass(frozen=True)
class LedgerLimits:
    """In seconds."""

    keep: float
    give_up_after: float
    breaker: Breaker
