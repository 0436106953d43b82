"""What the parts of a worker say of themselves: each marks its progress, and the watchdog reads it."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Final

MAIN: Final = "the main thread"
WAKER: Final = "the waker"


class VitalSigns:
    """Marks of progress by part, and whether the worker consumes from its broker. Safe to share between threads.

    `changed` is set whenever `consuming` changes; whoever waits for it clears it.
    """

    def __init__(self) -> None:
        self.changed = threading.Event()
        self._marks: Counter[str] = Counter()
        self._consuming = False

    def mark(self, part: str) -> None:
        """That part is getting on. A part marks from one thread only, and never while it may be stuck."""
        self._marks[part] += 1

    def marks(self, part: str) -> int:
        """How often it has marked; a number that stays the same is no progress."""
        return self._marks[part]

    @property
    def consuming(self) -> bool:
        """Whether messages are taken: False from the loss of the broker until it is back."""
        return self._consuming

    @consuming.setter
    def consuming(self, yes: bool) -> None:
        self._consuming = yes
        self.changed.set()
