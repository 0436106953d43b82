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

_READING: Final = ("glance", "survey", "report", "sift", "sift_stream")
"""Those that stand alone and change nothing, so that a replica or a read-only user may run them."""


def register(redis: Redis) -> dict[str, Script]:
    """All scripts by name, ready to be called (loaded into the server when it does not know them)."""
    folder = resources.files(__package__)
    shared = "".join((folder / f"{name}.lua").read_text(encoding="utf-8") for name in _SHARED)
    scripts = {}
    for name in NAMES:
        shebang = "#!lua\n" if name in _GROWING else "#!lua flags=allow-oom\n"
        body = (folder / f"{name}.lua").read_text(encoding="utf-8")
        scripts[name] = redis.register_script(shebang + shared + body)
    for name in _READING:
        body = (folder / f"{name}.lua").read_text(encoding="utf-8")
        scripts[name] = redis.register_script("#!lua flags=no-writes\n" + body)
    return scripts
