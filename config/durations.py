"""Durations as people write them: `0.3`, `500ms`, `30s`, `15m`, `48h`, `90d`. In the code they are seconds.

Every setting that is one declares the range in which it makes sense, and why, where it stands:
`read_timeout: Annotated[float, Within("10ms", "2m", "…")]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_UNITS: Final = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_WRITTEN: Final = re.compile(r"([0-9]+(?:\.[0-9]+)?|\.[0-9]+)\s*(ms|s|m|h|d)?")
_REPEATED: Final = 20  # characters; whatever is longer is no duration, and may be a secret in the wrong place
_WITH_UNIT: Final = "a number with its unit (500ms, 30s, 15m, 48h, 90d)"
_EXAMPLES: Final = "a number of seconds (0.3), or with a unit (500ms, 30s, 15m, 48h, 90d)"

LONGEST: Final = 36500 * 86400.0
"""A hundred years, in seconds: beyond it expiry times overflow, and it is a slip of the hand."""


def parse_duration(value: object) -> float:
    """Seconds, 0 … `LONGEST`, from a number or text with a unit; raises ValueError that says what is wrong."""
    seconds, _ = _read(value)
    if not 0 <= seconds <= LONGEST:  # so NaN is refused too
        raise ValueError("must be a duration between 0 and 36500d")
    return float(seconds)


def parse_age(text: str) -> float:
    """Seconds ago, 0 … `LONGEST`, from text with a unit: people speak of ages in hours and days, and `3` says neither.

    Raises ValueError that says what is wrong.
    """
    _, unit = _read(text)
    if unit is None:
        raise ValueError(f"{text.strip()} needs a unit; did you mean {text.strip()}d?")
    return parse_duration(text)


def _read(value: object) -> tuple[float, str | None]:
    """Seconds, not yet checked, and the unit they were written with, if any."""
    if isinstance(value, int | float) and not isinstance(value, bool):
        return value, None
    written = _WRITTEN.fullmatch(value.strip()) if isinstance(value, str) else None
    if written is None:
        raise ValueError(f"must be a duration: {_EXAMPLES}")
    return float(written[1]) * _UNITS[written[2] or "s"], written[2]


def format_duration(seconds: float) -> str:
    """The duration as a person would write it, in the largest unit that divides it: 900 → `15m`."""
    for unit in ("d", "h", "m"):
        if seconds and seconds % _UNITS[unit] == 0:
            return f"{seconds / _UNITS[unit]:.0f}{unit}"
    return f"{seconds:g}s"


@dataclass(frozen=True)
class Within:
    """The range of a duration, both ends included; as metadata of a field it is how pydantic reads that field."""

    least: str
    most: str
    because: str
    """Why there are bounds, as the end of a sentence."""
    unit: bool = False
    """Whether a bare number is refused: people speak of it in days, and forget that a bare number is seconds."""
    off: bool = False
    """Whether `off` or 0 switches it off."""

    @property
    def words(self) -> str:
        """`from 10ms to 2m`."""
        return f"from {self.least} to {self.most}" + (", or off" if self.off else "")

    def read(self, value: object) -> float:
        """Seconds, from a number or text with a unit.

        Raises ValueError that says what is wrong, what is right, and what was probably meant.
        """
        if self.off and isinstance(value, str) and value.strip().lower() == "off":
            return 0.0
        try:
            seconds, unit = _read(value)
        except ValueError:
            raise ValueError(f"must be a duration {self.words}: {_WITH_UNIT if self.unit else _EXAMPLES}") from None
        if self.off and seconds == 0:
            return 0.0
        if self.unit and unit is None:
            raise ValueError(f"{_repeated(value)} needs a unit: a bare number is seconds{self._meant(value, unit)}")
        if not self._has(seconds):
            wrong = f"must be {self.words}, not {_repeated(value)}: {self.because}"
            raise ValueError(wrong + self._meant(value, unit))
        return float(seconds)

    def _has(self, seconds: float) -> bool:
        return parse_duration(self.least) <= seconds <= parse_duration(self.most)  # so NaN is not in it

    def _meant(self, value: object, unit: str | None) -> str:
        """`; did you mean 400d?`: the same number with the nearest unit that makes sense."""
        text, units = _repeated(value), list(_UNITS)
        number, at = re.sub(r"\s*[a-z]+$", "", text), units.index(unit or "s")
        nearest = ["d", "s"] if self.unit else sorted(units, key=lambda other: abs(units.index(other) - at))
        others = (f"{number}{other}" for other in nearest if f"{number}{other}" != text)
        meant = next((other for other in others if _WRITTEN.fullmatch(other) and self._has(_read(other)[0])), None)
        return f"; did you mean {meant}?" if meant else ""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401 - pydantic's own signature
        """As pydantic calls it: the value is read before it is taken for a number."""
        return core_schema.no_info_before_validator_function(self.read, handler(source))


def _repeated(value: object) -> str:
    """The value as it was written, which reads as a duration and so is no secret; unless it is very long."""
    if isinstance(value, int) and abs(value) >= 10**_REPEATED:
        return "that"  # Python refuses to write some thousand digits
    text = str(value).strip()
    return text if len(text) <= _REPEATED else "that"
