"""SIGTERM and Ctrl-C ask for a stop: the first is heard by whoever waits, the second has its usual effect."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def asked_by_signal(ask: Callable[[], None], bell: int) -> Iterator[None]:
    """While this lasts, the first signal calls `ask`, and the next does what it did before. For the main thread only.

    `bell` is the non-blocking end of a pipe whose other end is waited for. Python's handlers run between two steps of
    the main thread: a signal just before it begins to wait, or that another thread hears, would wait with it, and so
    each signal rings at once.
    """
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def asked(number: int, _frame: object) -> None:
        ask()
        signal.signal(number, before[signal.Signals(number)])

    rung_before = signal.set_wakeup_fd(bell, warn_on_full_buffer=False)
    for number in _SIGNALS:
        signal.signal(number, asked)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        signal.set_wakeup_fd(rung_before)
