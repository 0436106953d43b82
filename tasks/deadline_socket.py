"""A socket that keeps a deadline over the whole call and knows whether anything was sent.

A socket's timeout bounds one read; a partner that dribbles a byte a second could hold a call, and so a lease, for
ever. Here every send and every read gets what is left of the call's time. And "was anything sent?" is what makes a
failed attempt ambiguous or not, so it is recorded where the first byte leaves.

The call in progress is found through a context variable, since urllib3 hands nothing of ours down.
"""

from __future__ import annotations

import select
import socket
import time
from collections.abc import Callable
from contextvars import ContextVar, Token
from typing import Any, Final, Self

from urllib3.util.ssltransport import SSLTransport

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

    @classmethod
    def within(cls, seconds: float | None) -> Self:
        """A part of the call in progress, of `seconds` at most; what it sends is not counted as the call's."""
        left = _current.get().remaining()
        return cls(time.monotonic() + (left if seconds is None else min(left, seconds)))

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

    def __init__(self, sock: socket.socket | SSLTransport) -> None:
        self._sock: Any = sock
        self._given = -1.0  # the timeout that the socket has, once it is ours
        poller = select.poll()
        poller.register(sock, select.POLLIN)
        self._poll = poller.poll
        self._pending = _pending(sock)
        self._spent = False

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
        received: bytes = self._sock.recv(most)
        return received or b""  # urllib3's TLS within TLS says 0 for the end

    def unread(self) -> bytes | None:
        """What came and nobody has read: None for nothing, no bytes for the end or what cannot be told, else some.

        Waits for nothing. After anything but None the connection is of no use, and never None again.
        """
        if not self._spent and not self._poll(0) and not (self._pending and self._pending()):
            return None
        self._spent = True
        self._sock.settimeout(0)
        self._given = -1.0
        try:
            received: bytes = self._sock.recv(1)
        except OSError:  # reset; or a TLS record that is no data, or not all there
            return b""
        return received or b""

    def _give_time(self) -> None:
        left = _current.get().remaining()
        if abs(left - self._given) > _CLOSE_ENOUGH:
            self._sock.settimeout(left)
            self._given = left


def _pending(sock: socket.socket | SSLTransport) -> Callable[[], int] | None:
    """Counts the bytes that TLS has taken from the socket already, where nobody who polls it sees them."""
    if isinstance(sock, SSLTransport):  # TLS to the partner within TLS to the proxy
        outer: Any = sock.socket
        return lambda: sock.sslobj.pending() + sock.incoming.pending + outer.pending()
    return getattr(sock, "pending", None)
