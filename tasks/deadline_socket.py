"""A socket that keeps a deadline over the whole call and knows whether anything was sent.

A socket's timeout bounds one read; a partner that dribbles a byte a second could hold a call, and so a lease, for
ever. Here every send and every read gets what is left of the call's time. And "was anything sent?" is what makes a
failed attempt ambiguous or not, so it is recorded where the first byte leaves.

The call in progress is found through a context variable, since urllib3 hands nothing of ours down.
"""

from __future__ import annotations

import io
import socket
import time
from contextvars import ContextVar, Token
from typing import Any, Final, Self

from typing_extensions import override

_CLOSE_ENOUGH: Final = 0.01  # seconds; setting a timeout is a system call, and most calls have the same time


class PassingDeadline(TimeoutError):  # noqa: N818 - named by what happens
    """The call's time is up."""


class Call:
    """One call until `deadline` on the monotonic clock: all that this thread sends and reads within its `with` block.

    `sent` tells whether a byte of it has left.
    """

    __slots__ = ("_deadline", "_token", "sent")

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self._token: Token[Call]
        self.sent = False

    def __enter__(self) -> Self:
        self._token = _current.set(self)
        return self

    def __exit__(self, *_: object) -> None:
        _current.reset(self._token)

    def remaining(self) -> float:
        """Seconds left, more than 0.

        Raises PassingDeadline when none are.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise PassingDeadline("the call's deadline passed")
        return left


_current: ContextVar[Call] = ContextVar("_current")


class DeadlineSocket:
    """A connected socket, every operation of which gets what is left of the call's time, to a hundredth of a second."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._given = -1.0  # the timeout that the socket has, once it is ours
        self._returned = b""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        """As a socket's."""
        self._give_time()
        _current.get().sent = True
        self._sock.sendall(data)

    def recv(self, most: int) -> bytes:
        """As a socket's."""
        self._give_time()
        return self._sock.recv(most)

    def _give_time(self) -> None:
        left = _current.get().remaining()
        if abs(left - self._given) > _CLOSE_ENOUGH:
            self._sock.settimeout(left)
            self._given = left

    def give_back(self, received: bytes) -> None:
        """Let the next `makefile` read these bytes first."""
        self._returned = received

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:  # noqa: ANN401 - as a socket's
        """As a socket's, for reading only."""
        if mode != "rb":
            raise ValueError(f"only ever read by http.client, not {mode}")
        returned, self._returned = self._returned, b""
        self._given = -1.0  # the reader gives times of its own
        return io.BufferedReader(_DeadlineReader(self._sock, returned))


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket, returned: bytes) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._returned = io.BytesIO(returned)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        if known := self._returned.readinto(buffer):
            return known
        self._sock.settimeout(_current.get().remaining())
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()
