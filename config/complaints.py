"""What is wrong with the settings, told so that an operator can mend it: by variable, all at once.

Loaded with `redeem --help`, so it imports nothing that takes time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_core import PydanticCustomError

GROUP = "{group}"
"""Stands in a contradiction's text for the variable of the group it was found in, as `REDEEM_RETRY`."""


@dataclass(frozen=True)
class Complaint:
    """One thing to mend: the variable (empty: the source as a whole), what is wrong, and where it was set."""

    variable: str
    text: str
    origin: str | None = None

    def __str__(self) -> str:
        place = f" ({self.origin})" if self.origin else ""
        return f"{self.variable}{place}: {self.text}" if self.variable else f"{self.origin}: {self.text}"


class SettingsError(Exception):
    """The settings cannot be used. `str()` is the whole text for the operator: a line for each complaint.

    It never holds the value of a setting, since any value may be a secret that was put in the wrong place; but for what
    reads as a short duration, which is repeated since the unit is what is wrong with it.
    """

    def __init__(self, *complaints: Complaint | str) -> None:
        super().__init__(*complaints)
        self.complaints = tuple(str(complaint) for complaint in complaints)

    def __str__(self) -> str:
        if len(self.complaints) == 1:
            return self.complaints[0]
        lines = "".join(f"\n  {complaint}" for complaint in self.complaints)
        return f"{len(self.complaints)} settings are wrong:{lines}"


def contradiction(complaints: dict[str, str]) -> PydanticCustomError:
    """The error a group's validator raises when its fields are right one by one but not together.

    Takes field name (`rules.0.partner` for one within) → sentence; `{group}` in a sentence becomes the variable of
    the group. A plain `ValueError` could name the group only.
    """
    from pydantic_core import PydanticCustomError  # noqa: PLC0415 - `redeem --help` knows complaints, and no models

    return PydanticCustomError("contradiction", "contradiction", {"complaints": complaints})
