"""Ctrl-C in the middle of many letters: the one in hand is finished, the rest is left as it is."""

from __future__ import annotations

import contextlib
import os
import select
import time
from collections.abc import Iterator
from threading import Event
from typing import Final

from typing_extensions import override

from worker.stop_signals import asked_by_signal

_RINGS: Final = 512  # bytes read at once; each signal is one


class SignalledStop(Event):
    """An event that a signal's handler may set. Event's own takes a lock, which the thread that the signal interrupts
    may hold just then, in `wait`: it would wait for itself for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._heard, self.bell = os.pipe()
        os.set_blocking(self.bell, False)

    @override
    def set(self) -> None:
        self._asked = True
        os.write(self.bell, b".")

    @override
    def is_set(self) -> bool:
        return self._asked

    @override
    def wait(self, timeout: float | None = None) -> bool:
        until = None if timeout is None else time.monotonic() + timeout
        while not self._asked:
            left = None if until is None else max(0.0, until - time.monotonic())
            if not select.select([self._heard], [], [], left)[0]:
                break
            os.read(self._heard, _RINGS)  # the handler runs before the next look, if it was its signal
        return self._asked

    def close(self) -> None:
        """Give its pipe back."""
        os.close(self._heard)
        os.close(self.bell)


@contextlib.contextmanager
def stopped_by_ctrl_c() -> Iterator[Event]:
    """An event that is set at the first Ctrl-C (or SIGTERM), so that the letter in hand is finished; the second one
    ends the command as usual.
    """
    with contextlib.closing(SignalledStop()) as stop, asked_by_signal(stop.set, stop.bell):
        yield stop
