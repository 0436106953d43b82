"""How long and how often: the waits between attempts, and when an account is left alone."""

from __future__ import annotations

from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from config.complaints import GROUP, contradiction
from config.durations import Within, format_duration
from config.groups import Group

_RESTS: Final = "an account rests for so long although the partner is well again"


class Retry(Group):
    """Waits before attempt n+1: a random share between ½ and 1 of min(cap, base × 2ⁿ⁻¹). All in seconds.

    A lower cap alone lowers the default base with it; a base set above the cap is a contradiction. A cap above
    `give_up_after` is none: it is merely never reached. `give_up_after` 0 means a single attempt.
    """

    cap: Annotated[float, Within("0s", "1d", "an order waits for so long although the partner is well again")] = 900.0
    base: Annotated[float, Within("0s", "1d", "an order waits for so long after one failure")] = Field(
        default_factory=lambda known: min(2.0, known["cap"])
    )
    give_up_after: Annotated[float, Within("0s", "90d", "what waits longer needs a person")] = 172800.0

    @model_validator(mode="after")
    def _base_within_cap(self) -> Self:
        if self.base > self.cap:
            raise contradiction({"base": _too_long(self.base, "CAP", self.cap)})
        return self


class Breaker(Group):
    """When an account counts as ill, and how often it is probed then (seconds, doubling from `probe_after`)."""

    failures: Annotated[int, Field(ge=1, le=10_000)] = 10
    probe_cap: Annotated[float, Within("10ms", "1d", _RESTS)] = 60.0
    probe_after: Annotated[float, Within("10ms", "1d", _RESTS)] = Field(
        default_factory=lambda known: min(2.0, known["probe_cap"])
    )

    @model_validator(mode="after")
    def _probe_within_cap(self) -> Self:
        if self.probe_after > self.probe_cap:
            raise contradiction({"probe_after": _too_long(self.probe_after, "PROBE_CAP", self.probe_cap)})
        return self


def _too_long(value: float, bound: str, limit: float) -> str:
    return f"{format_duration(value)} is longer than {GROUP}__{bound}, which is {format_duration(limit)}"
