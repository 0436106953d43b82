"""A partner of a few lines that keeps every request exactly as it came, independent of the sandbox's own reading."""

from __future__ import annotations

import re
import socket
import socketserver
import threading
from dataclasses import dataclass
from typing import BinaryIO, cast

from typing_extensions import override

from tests.acceptance.kit.serving import Serving
from worker.dev.ports import LOOPBACK

_HEAD_ENDS = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?im)^content-length:[ \t]*(\d+)[ \t]*\r$")
_SOVENDUS = b'{"message":"Coupon redemption received."}'
_UNIQODO = (
    b'{"result":"success","data":{"id":900001,"offer_id":1,"merchant_id":77,"distributor_id":2,"code":"?",'
    b'"redeemed_at":"2026-11-21T20:15:00+0000"},"errors":[]}'
)


@dataclass(frozen=True)
class Received:
    """One request, byte for byte."""

    raw: bytes

    @property
    def request_line(self) -> bytes:
        """Method, target and version."""
        return self.raw.partition(b"\r\n")[0]

    @property
    def headers(self) -> list[tuple[bytes, bytes]]:
        """Names as received, in order."""
        lines = self.raw.partition(_HEAD_ENDS)[0].split(b"\r\n")[1:]
        pairs = [line.partition(b":") for line in lines]
        return [(name, value.strip()) for name, _, value in pairs]

    @property
    def body(self) -> bytes:
        """What follows the head."""
        return self.raw.partition(_HEAD_ENDS)[2]


class RecordingServer(Serving):
    """Says yes to everything, as Sovendus to a POST and as Uniqodo to a GET; a context manager."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._connections: set[socket.socket] = set()
        super().__init__((LOOPBACK, 0), _Connection)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{self.address}"

    @property
    def address(self) -> str:
        """`host:port`."""
        return f"{LOOPBACK}:{self.port}"

    def received(self) -> list[Received]:
        """All requests so far."""
        with self._lock:
            return list(self._received)

    def keep(self, received: Received) -> None:
        """Take one more request into the records."""
        with self._lock:
            self._received.append(received)

    def connected(self, connection: socket.socket) -> None:
        """Remember a connection, to end it when the server stops."""
        with self._lock:
            self._connections.add(connection)

    def disconnected(self, connection: socket.socket) -> None:
        """Forget a connection that ends."""
        with self._lock:
            self._connections.discard(connection)

    @override
    def let_go(self) -> None:
        with self._lock:
            for connection in self._connections:
                connection.shutdown(socket.SHUT_RDWR)


class _Connection(socketserver.StreamRequestHandler):
    server: RecordingServer
    connection: socket.socket

    def handle(self) -> None:
        self.server.connected(self.connection)
        try:
            while (received := self._read()) is not None:
                self.server.keep(received)
                answer = _UNIQODO if received.raw.startswith(b"GET ") else _SOVENDUS
                head = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(answer)}"
                self.connection.sendall(head.encode() + _HEAD_ENDS + answer)
        except ConnectionError:  # the client was killed: daily life here
            return
        finally:
            self.server.disconnected(self.connection)

    def _read(self) -> Received | None:
        stream, head = cast("BinaryIO", self.rfile), b""
        while not head.endswith(_HEAD_ENDS):
            line = stream.readline()
            if not line:
                return None
            head += line
        length = _LENGTH.search(head)
        return Received(head + stream.read(int(length[1]) if length else 0))
