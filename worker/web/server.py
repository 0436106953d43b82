"""Runs the door: uvicorn with everything said that its defaults leave open."""

from __future__ import annotations

import signal
import socket
from typing import Final

import uvicorn

from worker.composition import RedeemApp
from worker.web.app import create_web
from worker.web.protocol import Protocol

_LARGEST_HEAD: Final = 32 * 1024  # bytes of request line and headers
_BACKLOG: Final = 1024  # connections that wait to be taken
_IDLE: Final = 5  # seconds that a connection may be kept open between requests
_LAST_REQUESTS: Final = 25
"""Seconds for what is in hand when the process is asked to stop; platforms kill after thirty."""


def listen(host: str | None, port: int) -> socket.socket:
    """A socket at that address, or at all of this machine's where `host` is None; port 0 takes any that is free.

    Raises OSError.
    """
    if host is None and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, backlog=_BACKLOG, dualstack_ipv6=True)
    family = socket.getaddrinfo(host or "0.0.0.0", port, type=socket.SOCK_STREAM)[0][0]  # noqa: S104 - as was asked
    return socket.create_server((host or "", port), family=family, backlog=_BACKLOG)


def serve(app: RedeemApp, listener: socket.socket) -> None:
    """Answer until SIGTERM or Ctrl-C, then finish what is in hand."""
    web = create_web(app)
    server = uvicorn.Server(
        uvicorn.Config(
            web,
            http=Protocol,
            ws="none",
            loop="asyncio",
            lifespan="on",
            log_config=None,  # our own root logger has it
            log_level="error",  # beneath, it tells of every malformed request, which a stranger can send a million of
            access_log=False,
            proxy_headers=False,  # whoever connects could write them
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_LAST_REQUESTS,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )
    )
    for stop in (signal.SIGTERM, signal.SIGINT):  # from now on; at its end uvicorn raises what it got once more
        signal.signal(stop, server.handle_exit)
    server.run([listener])
