"""Servers that misbehave beneath HTTP, each a few lines on a loopback socket; what they received can be read."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

CERTIFICATE = Path(__file__).parent / "certificates" / "localhost.pem"
"""Self-signed for localhost and 127.0.0.1, valid for a hundred years; its key lies beside it."""
PARTNER_CERTIFICATE = CERTIFICATE.with_name("partner.pem")
"""The same for partner.invalid and proxy.invalid, since no proxy leads to this machine."""
TRUSTED = CERTIFICATE.with_name("trusted.pem")
"""Both of them."""


@dataclass
class RawServer:
    """A listening port, what its connections received, and the flag that ends them."""

    port: int
    received: list[bytes] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


Handler = Callable[[socket.socket, RawServer], None]


@contextlib.contextmanager
def serving(handle: Handler) -> Iterator[RawServer]:
    """Gives each connection to `handle`, on a thread of its own, until the block ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = RawServer(listener.getsockname()[1])
        threads: list[threading.Thread] = []

        def serve(connection: socket.socket) -> None:
            with connection, contextlib.suppress(OSError):  # a client that gives up is what is tested
                handle(connection, server)

        def accept() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:  # the listener was shut down: the block has ended
                    return
                threads.append(threading.Thread(target=serve, args=(connection,)))
                threads[-1].start()

        acceptor = threading.Thread(target=accept)
        acceptor.start()
        try:
            yield server
        finally:
            server.stopped.set()
            with contextlib.suppress(OSError):  # macOS refuses to shut a listener down, and wakes it all the same
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            acceptor.join()
            for thread in threads:
                thread.join()


def receive(connection: socket.socket, server: RawServer) -> bytes:
    """The request as far as it comes in one piece, which on loopback is all of a small one's head."""
    data = connection.recv(65_536)
    server.received.append(data)
    return data


def dribble(head: bytes, repeated: bytes) -> Handler:
    """Answers with `head` and then for ever `repeated`, a piece each hundredth of a second."""

    def handle(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(head)
        while not server.stopped.wait(0.01):
            connection.sendall(repeated)

    return handle


def answer(response: bytes) -> Handler:
    """Answers every connection's first request with these bytes and closes."""

    def handle(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(response)

    return handle


def secured(handle: Handler, certificate: Path = CERTIFICATE) -> Handler:
    """Hands each connection over to `handle` with TLS around it."""

    def handle_tls(connection: socket.socket, server: RawServer) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, certificate.with_suffix(".key.pem"))
        with context.wrap_socket(connection, server_side=True) as secure:
            handle(secure, server)

    return handle_tls


def tunnelled(handle: Handler, agreed: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> Handler:
    """A proxy that answers CONNECT with `agreed`, and behind it `handle`, with TLS, as partner.invalid."""

    def handle_connect(connection: socket.socket, server: RawServer) -> None:
        receive(connection, server)
        connection.sendall(agreed)
        secured(handle, PARTNER_CERTIFICATE)(connection, server)

    return handle_connect


def relayed(port: int) -> Handler:
    """Passes every byte on to that port and back, until one side closes."""

    def handle(connection: socket.socket, _server: RawServer) -> None:
        with socket.create_connection(("127.0.0.1", port)) as onward:
            other = {connection: onward, onward: connection}
            while True:
                for source in select.select([*other], [], [])[0]:
                    data = source.recv(65_536)  # more than any piece of TLS holds, so that none of it is left behind
                    if not data:
                        return
                    other[source].sendall(data)

    return handle


tls = secured(answer(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nOK"))
"""Speaks TLS with the self-signed certificate and says yes to whatever comes."""
