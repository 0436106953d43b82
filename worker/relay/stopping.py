"""SIGTERM and Ctrl-C ask for a warm stop: what is under way is finished, and nothing new begun.

The wish is a file descriptor too, so that whoever waits for a socket hears it at once. A second signal has its usual
effect.
"""

from __future__ import annotations

import os
import select
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Stop:
    """Set once, by a signal or by `set`."""

    def __init__(self) -> None:
        self._heard, self._tell = os.pipe()
        os.set_blocking(self._tell, False)
        self.is_set = False

    def set(self) -> None:
        """Ask for it. Safe in a signal's handler."""
        if not self.is_set:
            self.is_set = True
            os.write(self._tell, b".")

    def wait(self, seconds: float, also: Sequence[Any] = ()) -> None:
        """Return after so many seconds, or as soon as the stop is asked for, or one of `also` can be read."""
        select.select([self._heard, *also], [], [], max(0.0, seconds))

    @contextmanager
    def by_signal(self) -> Iterator[None]:
        """While this lasts, the first signal asks for the stop, and the next does what it did before.

        For the main thread only.
        """
        before = {number: signal.getsignal(number) for number in _SIGNALS}

        def asked(number: int, _frame: object) -> None:
            self.set()
            signal.signal(number, before[signal.Signals(number)])

        # The handler runs between two steps of the main thread; a signal just before a wait begins would wait with it.
        bell = signal.set_wakeup_fd(self._tell, warn_on_full_buffer=False)
        for number in _SIGNALS:
            signal.signal(number, asked)
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(bell)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._heard)
        os.close(self._tell)
