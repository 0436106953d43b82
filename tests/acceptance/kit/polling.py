"""Waiting for a condition with a deadline: no test sleeps for luck, and none waits longer than it must."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_PAUSE = 0.05


def eventually(condition: Callable[[], T], *, within: float = 60.0, what: str = "") -> T:
    """What `condition` gives, once that is truthy; fails after `within` seconds with what it gave last."""
    until = time.monotonic() + within
    while not (found := condition()):
        if time.monotonic() > until:
            raise AssertionError(f"not within {within:g} s: {what or condition}; last: {found!r}")
        time.sleep(_PAUSE)
    return found
