"""The events of a file: one JSON object, an array of them, or JSON Lines; what cannot be read is named by its place."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Found:
    """One event in a file: where it stands, for messages, and what it is; or why it cannot be read."""

    place: str
    event: Any = None
    unreadable: str | None = None


def read_events(content: bytes, name: str) -> Iterator[Found]:
    """The events of one file: a JSON object, an array of them, or JSON Lines."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Found(name, unreadable=f"not UTF-8 at byte {error.start}")
        return
    try:
        whole = _loads(text)
    except ValueError as error:
        yield from _read_lines(text, name, error)
        return
    if isinstance(whole, list):
        yield from (Found(f"{name}[{number}]", event) for number, event in enumerate(whole))
    else:
        yield Found(name, whole)


def _read_lines(text: str, name: str, error: ValueError) -> Iterator[Found]:
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    if not lines:
        yield Found(name, unreadable="empty")
        return
    if not _is_json(lines[0][1]):  # a pretty-printed object with a fault in it, not lines
        yield Found(name, unreadable=f"not JSON: {error}")
        return
    for number, line in lines:
        try:
            yield Found(f"{name}:{number}", _loads(line))
        except ValueError as fault:
            yield Found(f"{name}:{number}", unreadable=f"not JSON: {fault}")


def _loads(text: str) -> Any:  # noqa: ANN401 - any JSON value
    try:
        return json.loads(text, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None  # the traceback is a thousand equal lines


def _no_constant(name: str) -> Any:  # noqa: ANN401 - json's own signature
    raise ValueError(f"{name} is no JSON")


def _is_json(line: str) -> bool:
    try:
        _loads(line)
    except ValueError:
        return False
    return True
