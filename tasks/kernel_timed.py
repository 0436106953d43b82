"""A connection to Redis whose timeout the kernel keeps, instead of Python.

Before each read and write on a socket that has a timeout Python asks the kernel whether it is ready: a second system
call, and a second time that the thread lets go of the interpreter's lock and waits for it. With many threads that is a
fifteenth of all that a worker does.
"""

from __future__ import annotations

import os
import socket
import struct
from typing import Any, Final

from redis import Connection
from redis.exceptions import ConnectionError as Lost
from redis.exceptions import TimeoutError as Late
from typing_extensions import override

_Rediss: Any = Connection  # its types are not what it is
_OPTIONS: Final = (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO)


class KernelTimedConnection(_Rediss):  # type: ignore[misc]  # as redis-py's own
    """A connection by TCP, without TLS."""

    @override
    def _connect(self) -> Any:
        made = super()._connect()
        # What gevent and eventlet put in the place of sockets has a timeout in Python alone.
        if os.name == "posix" and type(made) is socket.socket and made.__class__.__module__ == "socket":
            hand_over_timeout(made)
        return made

    @override
    def read_response(self, *args: Any, **kwargs: Any) -> Any:
        """Raises as redis-py does: for this socket it would call a timeout a lost connection."""
        try:
            return super().read_response(*args, **kwargs)
        except Lost as error:
            if isinstance(error.__context__, BlockingIOError):
                raise Late(f"Timeout reading from {self._host_error()}") from error
            raise


def hand_over_timeout(connected: socket.socket) -> None:
    """Let the kernel keep the socket's timeout: a read or write that takes longer raises BlockingIOError."""
    timeout = connected.gettimeout()
    if timeout is None:
        return
    value = struct.pack("@ll", int(timeout), int(timeout % 1 * 1_000_000))
    for option in _OPTIONS:
        connected.setsockopt(socket.SOL_SOCKET, option, value)
    connected.settimeout(None)
