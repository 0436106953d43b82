"""What a page's URL or form asks for: which dead letters, and from where on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final, Self

from config.durations import parse_duration
from tasks.dead_letters.finding import Filters

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
                    moments[name] = _moment(given[name], now)
                except (ValueError, OverflowError):
                    wrong[name] = f"“{given[name]}” is no time such as 2026-11-21 20:15, and no while ago, 2h or 3d"
        texts = {name: given[name] for name in FIELDS if name in given and name not in ("since", "until")}
        return cls(given, Filters(**texts, **moments), wrong)  # type: ignore[arg-type]  # texts and moments by name

    def until(self, now: datetime) -> Self:
        """The same, but of what is dead now: what dies after somebody looked is not meant."""
        moment = min(self.filters.until or now, now)
        return replace(self, filters=replace(self.filters, until=moment))


def _moment(text: str, now: datetime) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return now - timedelta(seconds=parse_duration(text))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
