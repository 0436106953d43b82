"""Messages that end in a pool's threads, handed to the event loop, which alone keeps the lanes' books.

The loop is woken only while some lane waits for one of them to end; else it hears of them when it turns anyway, half a
dozen at a time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any


class Endings:
    """One connection's. `add` is for any thread, the rest for the event loop's."""

    def __init__(self) -> None:
        self._ended: deque[tuple[Any, str, bool]] = deque()
        self._awaited = False
        self._wake: Callable[[], object] | None = None

    def wake_by(self, wake: Callable[[], object]) -> None:
        """How to make the event loop turn."""
        self._wake = wake

    def add(self, qos: Any, tag: str, requeue: bool) -> None:  # noqa: ANN401, FBT001 - kombu's, which is in a hurry
        """A message is done with, or wanted back."""
        self._ended.append((qos, tag, requeue))
        if self._awaited and self._wake is not None:
            self._awaited = False
            self._wake()

    def settle(self) -> None:
        """Enter all that ended into the books of its lane."""
        self._awaited = False
        while self._ended:
            qos, tag, requeue = self._ended.popleft()
            if requeue:
                qos.reject(tag, requeue=True)
            else:
                qos.ack(tag)

    def wait(self) -> bool:
        """Ask to be woken by the next; False where one came meanwhile, so that there is nothing to wait for."""
        self._awaited = True
        return not self._ended
