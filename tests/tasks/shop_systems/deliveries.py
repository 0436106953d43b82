"""Payloads as the shop systems send them, whole, with made-up people in them, of orders placed yesterday."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Any, Final

from tasks.messages.strict_json import read_json
from tests.moments import ago

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
PERSONAL = (
    "Mustermann", "Erika", "Heidestra", "51147", "550142", "Jane", "Acacia", "N1 9GU", "7946", "203.0.113", "@example",
    "Nachbarn", "neighbour", "1980-04-19", "Firefox",
)  # fmt: skip
"""Every one of these stands in some payload, and must stand nowhere else."""

PLACED: Final = ago(days=1).replace(hour=20, minute=15, second=0)
"""The time of every order: the files have it on 21 November 2026, and `body` moves that month's days."""
_MOVED: Final = PLACED.date() - date(2026, 11, 21)
_DAY: Final = re.compile(rb"2026-11-\d\d")


def body(name: str) -> bytes:
    written = (FIXTURES / f"{name}.json").read_bytes()
    return _DAY.sub(lambda day: (date.fromisoformat(day[0].decode()) + _MOVED).isoformat().encode(), written)


def payload(name: str) -> Any:  # noqa: ANN401 - any JSON value
    """As the door reads it: what is no integer is a Decimal."""
    return read_json(body(name).decode(), decimals=True)


def plain(name: str) -> Any:  # noqa: ANN401 - any JSON value
    """As it may be changed and sent."""
    return json.loads(body(name))
