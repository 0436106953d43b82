"""How big a campaign is: what its command's options say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """`orders` to send, `faults` to inject (kills, stops, …), and the `seed` of all that is random."""

    orders: int
    faults: int
    seed: int = 7
