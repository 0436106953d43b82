"""Connections that keep a deadline over the whole call and know whether anything was sent.

A socket's timeout bounds one read; a partner that dribbles a byte a second could hold a call, and so a lease, for
ever. Here every send and every read gets what is left of the call's time. And "was anything sent?" is what makes a
failed attempt ambiguous or not, so it is recorded where the first byte leaves.

The call in progress is found through a context variable, since requests and urllib3 hand nothing of ours down.
"""

from __future__ import annotations

import contextlib
import io
import socket
import time
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Any

from typing_extensions import override
from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection


class PassingDeadline(TimeoutError):  # noqa: N818 - named by what happens
    """The call's time is up."""


class Call:
    """One call in progress: its deadline on the monotonic clock, and whether a byte of it has left."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline
        self.sent = False

    def remaining(self) -> float:
        """Seconds left, more than 0.

        Raises PassingDeadline when none are.
        """
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise PassingDeadline("the call's deadline passed")
        return left


_current: ContextVar[Call] = ContextVar("_current")


@contextlib.contextmanager
def calling(deadline: float) -> Iterator[Call]:
    """Everything that this thread sends and reads within is one call until `deadline` on the monotonic clock."""
    call = Call(deadline)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


class _DeadlineSocket:
    """A connected socket, every operation of which gets what is left of the call's time."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - whatever a socket has
        return getattr(self._sock, name)

    def sendall(self, data: bytes) -> None:
        call = _current.get()
        self._sock.settimeout(call.remaining())
        call.sent = True
        self._sock.sendall(data)

    def makefile(self, mode: str, *_: Any, **__: Any) -> io.BufferedReader:  # noqa: ANN401 - as a socket's
        if mode != "rb":
            raise ValueError(f"only ever read by http.client, not {mode}")
        return io.BufferedReader(_DeadlineReader(self._sock))


class _DeadlineReader(io.RawIOBase):
    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Any) -> int | None:
        self._sock.settimeout(_current.get().remaining())
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _HTTPDeadlineConnection(HTTPConnection):
    @override
    def connect(self) -> None:
        super().connect()
        self.sock = _DeadlineSocket(self.sock)


class _HTTPSDeadlineConnection(HTTPSConnection):
    @override
    def connect(self) -> None:
        super().connect()
        self.sock = _DeadlineSocket(self.sock)


class HTTPDeadlinePool(HTTPConnectionPool):
    """Plain connections: the sandbox, or a TLS proxy on this machine."""

    ConnectionCls = _HTTPDeadlineConnection


class HTTPSDeadlinePool(HTTPSConnectionPool):
    """TLS connections."""

    ConnectionCls = _HTTPSDeadlineConnection
