"""What a page's URL or form asks for: which dead letters, and from where on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from tasks.dead_letters.finding import Filters
from worker.cli.filters import read_moment

FIELDS: Final = ("partner", "shop", "reason", "since", "until", "order", "code", "error_code")
"""The filters' names in URLs and forms."""


@dataclass(frozen=True)
class Asked:
    """Filters as they were written, and as they are meant."""

    written: Mapping[str, str]
    filters: Filters
    wrong: Mapping[str, str]
    """Fields that cannot be read, and why: then nothing is asked for."""

    @classmethod
    def read(cls, written: Mapping[str, str], now: datetime) -> Self:
        """From a query or a form; `since` and `until` are times (UTC) or a while ago, such as `2h` or `3d`."""
        given = {name: written[name].strip() for name in FIELDS if written.get(name, "").strip()}
        moments: dict[str, datetime] = {}
        wrong: dict[str, str] = {}
        for name in ("since", "until"):
            if name in given:
                try:
                    moments[name] = read_moment(given[name], now)
                except ValueError as error:
                    wrong[name] = str(error)
        texts = {name: given[name] for name in FIELDS if name in given and name not in ("since", "until")}
        return cls(given, Filters(**texts, **moments), wrong)  # type: ignore[arg-type]  # texts and moments by name
