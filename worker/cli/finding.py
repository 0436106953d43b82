"""What `redeem check` has to say of one thing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """One thing looked at: how it is, and in words."""

    level: Literal["ok", "warning", "error"]
    subject: str
    text: str
