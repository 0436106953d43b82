"""SIGTERM and Ctrl-C ask for a warm stop: what is under way is finished, and nothing new begun.

The wish is a file descriptor too, so that whoever waits for a socket hears it at once. A second signal has its usual
effect.
"""

from __future__ import annotations

import os
import select
from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any

from worker.stop_signals import asked_by_signal


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

    def by_signal(self) -> AbstractContextManager[None]:
        """While this lasts, the first signal asks for the stop, and the next does what it did before.

        For the main thread only.
        """
        return asked_by_signal(self.set, self._tell)

    def close(self) -> None:
        """Give the descriptors back."""
        os.close(self._heard)
        os.close(self._tell)
