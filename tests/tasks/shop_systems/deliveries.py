"""Payloads as the shop systems send them, whole, with made-up people in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tasks.messages.strict_json import read_json

FIXTURES = Path(__file__).parent / "fixtures"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.json"))
PERSONAL = (
    "Mustermann", "Erika", "Heidestra", "51147", "550142", "Jane", "Acacia", "N1 9GU", "7946", "203.0.113", "@example",
    "Nachbarn", "neighbour", "1980-04-19", "Firefox",
)  # fmt: skip
"""Every one of these stands in some payload, and must stand nowhere else."""


def body(name: str) -> bytes:
    return (FIXTURES / f"{name}.json").read_bytes()


def payload(name: str) -> Any:  # noqa: ANN401 - any JSON value
    """As the door reads it: what is no integer is a Decimal."""
    return read_json(body(name).decode(), decimals=True)


def plain(name: str) -> Any:  # noqa: ANN401 - any JSON value
    """As it may be changed and sent."""
    return json.loads(body(name))
