"""Faults a call can meet, and the small grammar that names them in codes and over the control API.

`guide.py` holds the table of names; this file parses `<sign><FAULT>[x<times>][@<parameter>]`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

RIGHT_ANSWERS = frozenset({"SLOW", "DRIP", "HINTS", "HANGUP"})
"""Faults of manner: the redemption is done and answered rightly, only not as one would like."""

NAMES = RIGHT_ANSWERS | {
    "HANG",
    "TIMEOUT",
    "RESET",
    "CLOSE",
    "GARBAGE",
    "TRUNCATED",
    "EMPTY",
    "NOISE",
    "HUGE",
}

_DEFAULT_PARAMETERS = {"429": 1.0, "SLOW": 1.0, "DRIP": 0.2, "HUGE": 64.0}
_FAULT = re.compile(
    rf"(?P<name>[345]\d\d|{'|'.join(sorted(NAMES, key=len, reverse=True))})"
    r"(?:x(?P<times>\d+|\*))?(?:@(?P<parameter>\d+(?:\.\d+)?))?(?![A-Z0-9])",
    re.IGNORECASE | re.ASCII,
)
_MARK = re.compile(rf"(?P<sign>[-+]){_FAULT.pattern}", re.IGNORECASE | re.ASCII)
_SPEC = re.compile(rf"(?P<sign>[-+]?){_FAULT.pattern}", re.IGNORECASE | re.ASCII)


class UnknownFaultError(ValueError):
    """A fault that the grammar does not know; the text quotes it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault: its name or status, whether the redemption is booked first, and its parameter."""

    name: str
    after_commit: bool = False
    parameter: float | None = None
    times: int | None = None
    """How many calls it takes; None: as the place that names it decides."""

    @property
    def status(self) -> int | None:
        """The HTTP status this fault answers with, where it is one."""
        return int(self.name) if self.name.isdigit() else None

    @property
    def redeems(self) -> bool:
        """Whether the partner acts on the call."""
        return self.after_commit or self.name in RIGHT_ANSWERS

    def __str__(self) -> str:
        parameter = "" if self.parameter is None else f"@{self.parameter:g}"
        return f"{'+' if self.after_commit else '-'}{self.name}{parameter}"


def parse_fault(text: str) -> Fault:
    """The fault that `text` names, e.g. `503`, `-429x3@2`, `+HANG`; without a sign it is `-`.

    Raises UnknownFaultError.
    """
    match = _SPEC.fullmatch(text)
    if match is None:
        raise UnknownFaultError(f"{text!r} is no fault; GET / lists them")
    times = match["times"]
    return _fault(match, None if times in (None, "*") else int(times))


def marks(code: str) -> list[tuple[Fault, float]]:
    """The faults marked in a voucher code, in order, each with how many calls it takes (infinite for `x*`).

    A bare status without `x` or `@` is no mark: codes may well be numbered, `CODE-503`.
    """
    found = []
    for match in _MARK.finditer(code):
        if match["name"].isdigit() and match["times"] is None and match["parameter"] is None:
            continue
        times = float("inf") if match["times"] == "*" else float(match["times"] or 1)
        found.append((_fault(match, None), times))
    return found


def marked_fault(code: str, seen: int) -> Fault | None:
    """The fault for a call whose code was seen `seen` (≥ 0) times before, or None when it works."""
    for fault, times in marks(code):
        if seen < times:
            return fault
        seen -= int(times)
    return None


def _fault(match: re.Match[str], times: int | None) -> Fault:
    name = match["name"].upper()
    after_commit = match["sign"] == "+"
    if name == "TIMEOUT":
        name, after_commit = "HANG", True
    given = match["parameter"]
    parameter = float(given) if given is not None else _DEFAULT_PARAMETERS.get(name)
    return Fault(name, after_commit, parameter, times)
