"""Ports for servers of the tests, which hold still while hundreds of connections come and go."""

from __future__ import annotations

import random
from typing import Final

from worker.dev.ports import is_free

_NEVER_LENT: Final = range(20_000, 32_000)
"""Linux lends from 32768 to whoever connects, macOS from 49152."""


def lasting_port() -> int:
    """A port that stays free until a server listens, and again while it is down, whatever connections are made.

    One that the kernel lends would not: between the choice and the start a connection can be given it. A client that
    tries a dead server again and again is lent that server's own port in the end, connects to itself, and holds it.
    """
    return next(port for port in random.sample(_NEVER_LENT, len(_NEVER_LENT)) if is_free(port))
