"""Durations as people write them: `0.3`, `500ms`, `30s`, `15m`, `48h`, `90d`. In the code they are seconds."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(ms|s|m|h|d)?")

LONGEST = 36500 * 86400.0
"""A hundred years, in seconds: beyond it expiry times overflow, and it is a slip of the hand."""


def parse_duration(value: object) -> float:
    """Seconds, 0 … `LONGEST`, from a number or text with a unit; raises ValueError that says what is wrong."""
    seconds = _seconds(value)
    if seconds is None:
        raise ValueError("must be a duration: a number of seconds (0.3), or with a unit (500ms, 30s, 15m, 48h, 90d)")
    if not 0 <= seconds <= LONGEST:  # so NaN is refused too
        raise ValueError("must be a duration between 0 and 36500d")
    return float(seconds)


def _seconds(value: object) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value
    written = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    return float(written[1]) * _UNITS[written[2] or "s"] if written else None


def format_duration(seconds: float) -> str:
    """The duration as a person would write it, in the largest unit that divides it: 900 → `15m`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


Duration = Annotated[float, BeforeValidator(parse_duration)]
"""Seconds; zero is a meaningful choice."""

PositiveDuration = Annotated[Duration, Field(gt=0)]
"""Seconds; zero would mean never, or at once for ever."""


def _off(value: object) -> object:
    return 0 if isinstance(value, str) and value.strip().lower() == "off" else value


OptionalDuration = Annotated[Duration, BeforeValidator(_off)]
"""Seconds; 0, or `off`, switches something off."""
