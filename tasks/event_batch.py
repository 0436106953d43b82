"""Several events in one piece, as files and HTTP requests bring them: a JSON object, an array of them, or JSON Lines.

Pure. JSON is read strictly: a key that stands twice would silently lose a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, NamedTuple

from tasks.messages.strict_json import NotJson, read_json


class Found(NamedTuple):
    """One event and where it stands, or why it cannot be read.

    `index` counts from 0 in an array or over the lines that are not blank, `line` from 1 in JSON Lines; both are None
    where the piece is one event.
    """

    event: Any = None
    unreadable: str | None = None
    index: int | None = None  # type: ignore[assignment]  # a tuple has a method of that name, which nobody calls here
    line: int | None = None

    @property
    def place(self) -> str:
        """`[3]` in an array, `:4` on a line, empty for the only one: what follows a file's name."""
        if self.line is not None:
            return f":{self.line}"
        return "" if self.index is None else f"[{self.index}]"


def read_events(content: bytes) -> Iterator[Found]:
    """The events in one piece, which is UTF-8."""
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        yield Found(unreadable=f"not UTF-8 at byte {error.start}")
        return
    try:
        whole = read_json(text)
    except NotJson as error:
        yield from _read_lines(text, error)
        return
    if isinstance(whole, list):
        yield from (Found(event, index=index) for index, event in enumerate(whole))
    else:
        yield Found(whole)


def _read_lines(text: str, error: NotJson) -> Iterator[Found]:
    lines = ((number, line) for number, line in enumerate(_split(text), start=1) if line.strip())
    first = list(islice(lines, 2))
    if len(first) < 2 or not _is_json(first[0][1]):  # noqa: PLR2004 - a pretty-printed object with a fault, not lines
        yield Found(unreadable=str(error))
        return
    for index, (number, line) in enumerate(chain(first, lines)):
        try:
            yield Found(read_json(line), index=index, line=number)
        except NotJson as fault:
            yield Found(unreadable=str(fault), index=index, line=number)


def _split(text: str) -> Iterator[str]:
    """The lines one by one: all of a long file at once would be a second copy of it."""
    begin = 0
    while (end := text.find("\n", begin)) >= 0:
        yield text[begin:end]
        begin = end + 1
    yield text[begin:]


def _is_json(line: str) -> bool:
    try:
        read_json(line)
    except NotJson:
        return False
    return True
