"""Ctrl-C in the middle of many letters: the one in hand is finished, the rest is left as it is."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import time
from collections.abc import Iterator
from threading import Event
from types import FrameType
from typing import Final

from typing_extensions import override

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
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def ask(number: int, frame: FrameType | None) -> None:
        del frame
        stop.set()
        signal.signal(number, before[signal.Signals(number)])

    with contextlib.closing(SignalledStop()) as stop:
        # Python's handlers run between two steps of the main thread. A signal that comes just before it begins to wait,
        # or that another thread hears, would wait with it; this rings at once.
        bell = signal.set_wakeup_fd(stop.bell, warn_on_full_buffer=False)
        for number in before:
            signal.signal(number, ask)
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
            signal.set_wakeup_fd(bell)
