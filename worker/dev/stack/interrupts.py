"""What a signal to `redeem up` means: the first asks for a warm stop, a later one hastens it.

`uv run` forwards a Ctrl-C that the terminal has sent to the whole group already, so signals within a second are one.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable

ONE_WISH = 1.0
"""Seconds within which signals count as one."""
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """`stop` is set by the first signal, `hasten` by one that comes at least `ONE_WISH` seconds after it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.stop = asyncio.Event()
        self.hasten = asyncio.Event()
        self._clock = clock
        self._first: float | None = None

    def listen(self) -> None:
        """Take the running loop's signals."""
        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            loop.add_signal_handler(number, self.received)

    def received(self) -> None:
        """One signal came."""
        if self._first is None:
            self._first = self._clock()
            self.stop.set()
        elif self._clock() - self._first >= ONE_WISH:
            self.hasten.set()
