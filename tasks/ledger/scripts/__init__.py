"""The ledger's transitions, one Lua file each; before each stands what it uses of what they share."""

from __future__ import annotations

import re
from functools import cache
from importlib import resources
from typing import Final

NAMES: Final = (
    "open", "claim", "release", "settle", "bury", "park", "defer", "wake", "ring",
    "replay", "discard", "pause", "resume", "hasten", "keep", "note",
    "erase", "amend", "swap", "rebuild", "watch",
)  # fmt: skip

_SHARED: Final = ("clocks", "counters", "keys", "accounts", "health", "doorbells", "transitions")

# What only lets work in is refused when memory is short; what lets work out must still run, or a full Redis could
# never drain.
_GROWING: Final = {"open", "replay", "rebuild"}

_READING: Final = {
    "glance": (), "survey": (), "report": (), "sift": ("words",), "sift_stream": ("words",),
}  # fmt: skip
"""Those that change nothing, so that a replica or a read-only user may run them, each with the pieces it shares."""

_COMMENT: Final = re.compile(r"[ \t]*--.*")
_TEXT: Final = re.compile(r"'(?:[^'\\\n]|\\.)*'")
_DEFINITION: Final = re.compile(r"^local (?:function )?(\w+(?:, \w+)*)(?:.*\n)(?:(?!local ).*\n)*", re.MULTILINE)
"""One of the shared pieces: it begins with `local` at the beginning of a line, and goes on to the next one."""


@cache
def texts() -> dict[str, str]:
    """All scripts by name, as the server gets them."""
    found = {}
    for name in NAMES:
        shebang = "#!lua\n" if name in _GROWING else "#!lua flags=allow-oom\n"
        found[name] = shebang + _with_what_it_uses(_read(name), _definitions())
    for name, shared in _READING.items():
        found[name] = "#!lua flags=no-writes\n" + "".join(map(_read, shared)) + _read(name)
    return found


def _with_what_it_uses(script: str, shared: dict[tuple[str, ...], str]) -> str:
    """All that stands before a script runs with each call of it, so it is only what it comes to use."""
    needed, words = [], _words(script)
    for names, definition in reversed(shared.items()):  # each uses only what stands before it
        if not words.isdisjoint(names):
            needed.append(definition)
            words |= _words(definition)
    return "".join(reversed(needed)) + script


@cache
def _words(lua: str) -> frozenset[str]:
    return frozenset(re.findall(r"(?<![.\w])\w+", _TEXT.sub("", lua)))  # names of fields, which follow a dot, are none


@cache
def _definitions() -> dict[tuple[str, ...], str]:
    shared = "".join(map(_read, _SHARED))
    return {tuple(found[1].split(", ")): found[0] for found in _DEFINITION.finditer(shared)}


def _read(name: str) -> str:
    text = (resources.files(__package__) / f"{name}.lua").read_text(encoding="utf-8")
    return "".join(line + "\n" for line in _COMMENT.sub("", text).splitlines() if line)
