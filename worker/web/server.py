"""Runs the door: uvicorn with everything said that its defaults leave open."""

from __future__ import annotations

import signal
import socket
from typing import Final

import uvicorn
from fastapi import FastAPI

from worker.composition import RedeemApp
from worker.web.app import create_web
from worker.web.protocol import Protocol

_LARGEST_HEAD: Final = 32 * 1024  # bytes of request line and headers
_BACKLOG: Final = 1024  # connections that wait to be taken
_IDLE: Final = 75
"""Seconds that a connection may be kept open between requests: longer than load balancers keep theirs, which is 60 as a
rule. A request over a connection that is just being closed would be answered 502 by them."""
_LAST_REQUESTS: Final = 25
"""Seconds for what is in hand when the process is asked to stop; platforms kill after thirty."""


def listen(host: str | None, port: int) -> list[socket.socket]:
    """Sockets at that address, or at all of this machine's, IPv4 and IPv6, where `host` is None.

    Port 0 is any that is free. Raises OSError.
    """
    if host is not None:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        return [_listener(host, port, family)]
    listeners = [_listener("", port, socket.AF_INET)]
    if _has_ipv6():  # one socket for both would show IPv4's loopback as an address that does not look like it
        port = listeners[0].getsockname()[1]
        listeners.append(_listener("", port, socket.AF_INET6))
    return listeners


def _listener(host: str, port: int, family: int) -> socket.socket:
    """Its connections send at once, by TCP_NODELAY, which asyncio sets only where a socket names its protocol: else the
    body of an answer waits 40 ms for the other side to acknowledge the head.
    """
    listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


def _has_ipv6() -> bool:
    """Whether this machine does IPv6, and not only Python."""
    try:
        with socket.socket(socket.AF_INET6) as probe:
            probe.bind(("::1", 0))
    except OSError:
        return False
    return True


def serve(app: RedeemApp, listeners: list[socket.socket]) -> None:
    """Answer until SIGTERM or Ctrl-C, then finish what is in hand."""
    server = server_of(create_web(app))
    for stop in (signal.SIGTERM, signal.SIGINT):  # from now on; at its end uvicorn raises what it got once more
        signal.signal(stop, server.handle_exit)
    server.run(listeners)


def server_of(web: FastAPI) -> uvicorn.Server:
    """A server for that application."""
    return uvicorn.Server(
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
            forwarded_allow_ips=[],  # else FORWARDED_ALLOW_IPS says
            workers=1,  # else WEB_CONCURRENCY says, and one that is no number ends the start
            server_header=False,
            backlog=_BACKLOG,
            timeout_keep_alive=_IDLE,
            timeout_graceful_shutdown=_LAST_REQUESTS,
            h11_max_incomplete_event_size=_LARGEST_HEAD,
        )
    )
