"""The partner of `benchmarks/race.py`: answers every POST as Sovendus does, after a fixed time, as cheaply as it can.

`python -m benchmarks.stub LATENCY_MS` prints its port. `GET /count` tells how many calls it has answered, `GET /calls`
each call's order id and when it arrived and was answered, in seconds of the machine's monotonic clock.
What it can do itself is measured by `ceiling`.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time
from typing import Final, cast

_BODY: Final = b'{"message": "Coupon redemption received."}'
_JSON: Final = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s"
_YES: Final = _JSON % (len(_BODY), _BODY)
_LENGTH: Final = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
_ORDER: Final = re.compile(rb'"order_id": ?"([^"]*)"')


class Books:
    """What came."""

    def __init__(self, latency: float) -> None:
        self.latency = latency
        self.arrived: list[tuple[bytes, float]] = []
        self.answered: list[float] = []

    def calls(self) -> bytes:
        """All of it as JSON."""
        arrivals = [(order.decode(), at) for order, at in self.arrived]
        return json.dumps({"arrived": arrivals, "answered": self.answered}).encode()


class Connection(asyncio.Protocol):
    """One kept-alive connection; requests come one after the other."""

    def __init__(self, books: Books) -> None:
        self._books = books
        self._loop = asyncio.get_running_loop()
        self._buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep it."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Answer what is complete; `requests` sends head and body apart."""
        buffer = self._buffer + data if self._buffer else data
        head = buffer.find(b"\r\n\r\n")
        length = _LENGTH.search(buffer, 0, head) if head >= 0 else None
        if head < 0 or len(buffer) < head + 4 + (int(length[1]) if length else 0):
            self._buffer = buffer
            return
        self._buffer = b""
        if buffer.startswith(b"POST /redeem/"):
            self._redeem(buffer, head)
        else:
            body = b"%d" % len(self._books.answered) if buffer.startswith(b"GET /count") else self._books.calls()
            self._transport.write(_JSON % (len(body), body))

    def _redeem(self, buffer: bytes, head: int) -> None:
        order = _ORDER.search(buffer, head)
        self._books.arrived.append((order[1] if order else b"", time.monotonic()))
        if self._books.latency:
            self._loop.call_later(self._books.latency, self._answer)
        else:
            self._answer()

    def _answer(self) -> None:
        self._transport.write(_YES)
        self._books.answered.append(time.monotonic())


async def serve(latency_ms: float) -> None:
    """Until it is stopped."""
    books = Books(latency_ms / 1000)
    server = await asyncio.get_running_loop().create_server(lambda: Connection(books), "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)  # noqa: T201 - its answer
    await server.serve_forever()


class _Caller(asyncio.Protocol):
    """Calls again as soon as it is answered."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self.data_received(b"")

    def data_received(self, data: bytes) -> None:
        del data
        body = b'{"coupon_code": "SKDX000000001", "order_id": "TOVSGH-100000001", "order_value": "219.99"}'
        self._transport.write(b"POST /redeem/4711 HTTP/1.1\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))


async def load(port: int, connections: int, seconds: float) -> None:
    """Call the stub on that port as fast as can be, over so many connections."""
    loop = asyncio.get_running_loop()
    for _ in range(connections):
        await loop.create_connection(_Caller, "127.0.0.1", port)
    await asyncio.sleep(seconds)


if __name__ == "__main__":
    asyncio.run(serve(float(sys.argv[1])))
