"""The ledger's transitions, one Lua file each; what they share is put before every one."""

from __future__ import annotations

from importlib import resources
from typing import Final

from redis import Redis
from redis.commands.core import Script

NAMES: Final = (
    "open", "claim", "release", "settle", "bury", "park", "defer", "wake",
    "replay", "discard", "pause", "resume", "hasten", "keep", "note",
    "erase", "amend", "swap", "rebuild", "watch",
)  # fmt: skip

_SHARED: Final = ("clocks", "counters", "prelude")

# What only lets work in is refused when memory is short; what lets work out must still run, or a full Redis could
# never drain.
_GROWING: Final = {"open", "replay", "rebuild"}

_READING: Final = {
    "glance": (), "survey": (), "report": (), "sift": ("words",), "sift_stream": ("words",),
}  # fmt: skip
"""Those that change nothing, so that a replica or a read-only user may run them, each with the pieces it shares."""


def register(redis: Redis) -> dict[str, Script]:
    """All scripts by name, ready to be called (loaded into the server when it does not know them)."""
    scripts = {}
    for name in NAMES:
        shebang = "#!lua\n" if name in _GROWING else "#!lua flags=allow-oom\n"
        scripts[name] = redis.register_script(shebang + _text(*_SHARED, name))
    for name, shared in _READING.items():
        scripts[name] = redis.register_script("#!lua flags=no-writes\n" + _text(*shared, name))
    return scripts


def _text(*names: str) -> str:
    folder = resources.files(__package__)
    return "".join((folder / f"{name}.lua").read_text(encoding="utf-8") for name in names)
