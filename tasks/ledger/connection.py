"""Connections to Redis that also look at one whose disk is full.

redis-py asks by PING whether a connection is well, when it is new and when it was idle. A server that cannot write to
its disk refuses even that (MISCONF), though it still answers whatever reads. A refusal is an answer, so the connection
is well.
"""

from __future__ import annotations

from typing import Any, Final

from redis import SSLConnection, UnixDomainSocketConnection
from redis.exceptions import ResponseError
from typing_extensions import override

from tasks.kernel_timed import KernelTimedConnection

_Connection: Any = object  # what it is mixed into, which redis-py has no sufficient types of


class _AnyAnswer(_Connection):  # type: ignore[misc]  # see there
    """Mixed into a connection."""

    @override
    def check_health(self) -> None:
        try:
            super().check_health()
        except ResponseError as error:
            if not str(error).startswith("MISCONF"):
                raise


class PlainConnection(_AnyAnswer, KernelTimedConnection):
    """By TCP."""


class TlsConnection(_AnyAnswer, SSLConnection):
    """By TLS."""


class UnixConnection(_AnyAnswer, UnixDomainSocketConnection):
    """By a Unix socket."""


CONNECTIONS: Final[dict[str, type[Any]]] = {"redis": PlainConnection, "rediss": TlsConnection, "unix": UnixConnection}
"""URL scheme → the class."""
