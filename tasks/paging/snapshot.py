"""How things stand at one moment, as far as alarms are concerned."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from tasks.standing.append_only_file import WELL, DiskStatus

Place = tuple[str, str]
"""Partner and shop."""

NOBODY: Final[Place] = ("", "")
"""Where dead letters are that are no redemptions."""

Deaths = Mapping[tuple[str, str], int]
"""Dead letters so far, ever growing, by reason and the partner's error code (or nothing)."""


@dataclass(frozen=True)
class AccountView:
    """One account, or with an empty shop all that no shop of the settings has; moments in ms by the server's clock."""

    partner: str
    shop: str
    configured: bool = True
    """Whether the settings have it, so that it may be expected to succeed."""
    breaker: str = "closed"
    """As `redeem status` says it: closed, half-open, open, refused or paused."""
    hint: str | None = None
    since: int = 0
    """When the breaker or the pause came to that; 0 where that is not known."""
    accepted: int = 0
    """Redemptions so far, ever growing; test orders left out."""
    last_yes_at: int | None = None
    waiting: int = 0
    oldest_waiting: int | None = None
    """When the oldest redemption that waits was accepted, as of some seconds ago."""
    deaths: Deaths = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Partner and shop."""
        return self.partner, self.shop


@dataclass(frozen=True)
class Snapshot:
    """All accounts, and what the broker says of itself, in bytes; `now` in milliseconds by the server's clock."""

    now: int
    accounts: tuple[AccountView, ...] = ()
    dead: int = 0
    memory_used: int = 0
    memory_limit: int = 0
    disk: DiskStatus = WELL

    def account(self, place: Place) -> AccountView | None:
        """That account, if it is one."""
        return next((one for one in self.accounts if one.place == place), None)
