"""How long ago something was, in one unit: what a person on duty reads first."""

from __future__ import annotations

from datetime import datetime
from typing import Final

_UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def age(moment: datetime | None, now: datetime) -> str:
    """`45 s`, `3 min`, `7 h`, `12 d`; empty for what never was."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment).total_seconds()))
    size, unit = next((one for one in _UNITS if seconds >= one[0]), _UNITS[-1])
    return f"{seconds // size} {unit}"
