"""Ctrl-C in the middle of many letters: the one in hand is finished, the rest is left as it is."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Iterator
from threading import Event
from types import FrameType

from typing_extensions import override


class SignalledStop(Event):
    """An event that a signal's handler may set. Event's own takes a lock, which the thread that the signal interrupts
    may hold just then, in `wait`: it would wait for itself for ever.
    """

    def __init__(self) -> None:
        super().__init__()
        self._asked = False
        self._heard, self._bell = os.pipe()

    @override
    def set(self) -> None:
        self._asked = True
        os.write(self._bell, b".")

    @override
    def is_set(self) -> bool:
        return self._asked

    @override
    def wait(self, timeout: float | None = None) -> bool:
        if not self._asked:
            select.select([self._heard], [], [], timeout)
        return self._asked

    def close(self) -> None:
        """Give its pipe back."""
        os.close(self._heard)
        os.close(self._bell)


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
        for number in before:
            signal.signal(number, ask)
        try:
            yield stop
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
