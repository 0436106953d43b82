"""The blocks of docs/producers.md: each names its file in its first line, and is pasted under it as it stands."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE: Final = Path(__file__).parents[2] / "docs" / "producers.md"
_FENCE: Final = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_NAME: Final = re.compile(r"[\w./-]+\.\w+")


class Block(NamedTuple):
    """A fenced block: its language, empty where it has none, and its text."""

    language: str
    text: str

    @property
    def name(self) -> str:
        """The file it belongs into; a block without a name is none of ours to run, and fails here."""
        first = self.text.partition("\n")[0]
        found = _NAME.search(first.removeprefix('<?xml version="1.0"?>'))
        assert found, f"a block whose first line names no file: {first}"
        return found[0]


def blocks() -> Mapping[str, Block]:
    """All of them by their files' names, each of which is there once."""
    found = [Block(*one) for one in _FENCE.findall(PAGE.read_text(encoding="utf-8"))]
    named = {block.name: block for block in found}
    assert len(named) == len(found), "two blocks have one name"
    return named


def snippet(name: str) -> str:
    """The text of one block."""
    return blocks()[name].text


def paste(directory: Path, *names: str) -> None:
    """Put blocks into their files, as a reader does."""
    for name in names:
        file = directory / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(snippet(name), encoding="utf-8")
