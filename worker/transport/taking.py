"""One lane's takes, as commands to send and answers to read: the same take is repeated until its answer is seen.

A take whose answer was lost with its connection has booked messages that nobody knows of. Its number is therefore kept,
and the next take is that one again: what it booked comes once more.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, Final

from redis import exceptions

from worker.transport.scripts import source

if TYPE_CHECKING:
    from worker.transport.bookings import Bookings

_MOST_BYTES: Final = 4 * 1024 * 1024  # of messages in one take


class Take:
    """The takes of one queue. One at a time."""

    def __init__(self, queue: str) -> None:
        self._queue = queue
        self._script = source("take")
        self._sha = hashlib.sha1(self._script.encode(), usedforsecurity=False).hexdigest()
        self._known = True
        self._first, self._most = 1, 0
        self._unanswered = False
        self._telling: list[str] = []

    def command(self, bookings: Bookings, key_prefix: str, credit: int) -> tuple[Any, ...]:
        """The command that takes up to `credit` messages and tells which are finished."""
        again = self._unanswered
        if not again:
            self._most = credit
        self._unanswered = True
        self._telling += bookings.hand_over()
        arguments = (key_prefix, bookings.consumer, self._queue, self._first, self._most, _MOST_BYTES)
        which = ("EVALSHA", self._sha) if self._known else ("EVAL", self._script)
        return (*which, 0, *arguments, "1" if again else "0", *self._telling)

    def answered(self, answer: list[bytes]) -> list[tuple[str, bytes]]:
        """Tag and message of each that was taken, the oldest first."""
        self._known, self._unanswered, self._telling = True, False, []
        self._first += self._most
        return [(tag.decode(), raw) for tag, raw in zip(answer[::2], answer[1::2], strict=True)]

    def may_have_left_some(self, found: list[tuple[str, bytes]]) -> bool:
        """Whether there may be more than was found."""
        return len(found) == self._most or sum(len(raw) for _, raw in found) >= _MOST_BYTES

    def failed(self, error: exceptions.ResponseError) -> None:
        """The server refused the script; where it does not know it, it is sent whole the next time."""
        self._known = not isinstance(error, exceptions.NoScriptError)
