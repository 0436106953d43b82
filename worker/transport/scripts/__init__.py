"""The transport's steps that must be atomic, one Lua file each.

All carry `allow-oom`: they move messages out, and a Redis at its memory limit could otherwise never drain.
"""

from __future__ import annotations

from importlib import resources


def source(name: str) -> str:
    """The text of one script."""
    return (resources.files(__package__) / f"{name}.lua").read_text(encoding="utf-8")
