"""The listening socket and its connections: a thread each, keep-alive, no log, a stop that waits for none."""

from __future__ import annotations

import socket
import socketserver
import sys
import threading
from typing import TYPE_CHECKING, BinaryIO, TypeAlias, cast

from worker.dev.sandbox import control
from worker.dev.sandbox.wire import MalformedRequestError, json_answer, read_request

if TYPE_CHECKING:
    from worker.dev.sandbox.exchange import Exchange

_Accepted: TypeAlias = socket.socket | tuple[bytes, socket.socket]
"""What `socketserver` calls a request: of a TCP server always a socket."""


class Connection(socketserver.StreamRequestHandler):
    """Serves the requests of one connection, one after the other."""

    disable_nagle_algorithm = True
    server: Listener
    connection: socket.socket

    def handle(self) -> None:
        """Until the client, a fault or the sandbox ends the connection."""
        while self._serve_one():
            pass

    def _serve_one(self) -> bool:
        stream, reply = cast("BinaryIO", self.rfile), cast("BinaryIO", self.wfile)
        try:
            request = read_request(stream, reply)
        except MalformedRequestError as error:
            self.connection.sendall(json_answer(400, {"error": str(error)}).encode())
            return False
        if request is None:
            return False
        exchange = self.server.exchange
        if not control.owns(request):
            return exchange.serve(self.connection, self.client_address[1], request) and request.keep_alive
        self.connection.sendall(control.answer(exchange, request).encode())
        return request.keep_alive


class Listener(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """Accepts connections on one address and knows those that are open."""

    daemon_threads = True
    block_on_close = False
    allow_reuse_address = True
    request_queue_size = 1024

    def __init__(self, address: tuple[str, int], exchange: Exchange) -> None:
        self.exchange = exchange
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        super().__init__(address, Connection)

    def process_request(self, request: _Accepted, client_address: object) -> None:
        """Remembers the connection, and gives it a thread."""
        with self._lock:
            self._open.add(cast("socket.socket", request))
        super().process_request(request, client_address)

    def shutdown_request(self, request: _Accepted) -> None:
        """Closes without the polite FIN of the base class, which would go out ahead of a wanted RST."""
        with self._lock:
            self._open.discard(cast("socket.socket", request))
        self.close_request(request)

    def handle_error(self, request: _Accepted, client_address: object) -> None:
        """A client that has gone is daily life here; anything else is a fault of the sandbox and shows."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)

    def hang_up(self) -> None:
        """Ends all open connections, those that hang too."""
        with self._lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:  # the client was quicker
                    continue
