"""Moments as seen from today, so that no test ages.

Every moment that is compared with a clock comes from here: an order that the ledger still remembers, the bounds of a
period. A fixed date is right only where no clock is read: where a test hands in its own `now`, or where a date is
merely parsed or printed. The soak `tests/test_other_days.py` runs the suite under other clocks.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Final

NOW: Final = datetime.now(UTC).replace(microsecond=0)
"""The start of this process, in whole seconds."""


def ago(**units: float) -> datetime:
    """The moment so many `days`, `hours`, `minutes` or `seconds` before the start of this process."""
    return NOW - timedelta(**units)


def iso(moment: datetime) -> str:
    """A moment as producers write it, such as `2026-11-21T20:15:00Z`."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def within_one_day(zone: tzinfo = UTC) -> None:
    """Wait until midnight is over where it is less than a minute ahead: for a test of what is counted by the day."""
    now = datetime.now(zone)
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    if midnight - now < timedelta(minutes=1):
        time.sleep((midnight - now).total_seconds())
