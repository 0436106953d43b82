"""A wire that can be cut: a TCP proxy between our processes and the broker, with the faults that networks have."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import threading
from typing import TYPE_CHECKING, Self

from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from types import TracebackType

_CHUNK = 65536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Proxy:
    """Listens on a port of its own and passes everything on to `port`; a context manager."""

    def __init__(self, port: int) -> None:
        self._target = (LOOPBACK, port)
        self._lock = threading.Lock()
        self._links: set[_Link] = set()
        self._listener: socket.socket | None = None
        self._half_open = False
        self._closing = threading.Event()
        self._delay = 0.0
        self.port = 0
        """The port to connect to; the same for the proxy's whole life."""

    def cut(self, *, reset: bool, share: float = 1.0, chance: random.Random | None = None) -> int:
        """End connections, by RST or by FIN: all, or that share (0-1) of them by lot. How many."""
        draw = (chance or random).random  # `random.random` is below 1, so a share of 1 is all
        with self._lock:
            doomed = [link for link in self._links if draw() < share]
        for link in doomed:
            link.end(reset=reset)
        return len(doomed)

    def refuse(self) -> None:
        """Take no new connection (refused, as by a dead server); those that there are live on."""
        if self._listener is not None:
            self._listener.shutdown(socket.SHUT_RDWR)  # wakes the thread in accept()
            self._accepting.join()
            self._listener = None

    def hold(self) -> None:
        """Go half-open: bytes are taken and lost, in both directions, and nothing is ever answered."""
        with self._lock:
            self._half_open = True
            for link in self._links:
                link.dead = True

    def delay(self, seconds: float) -> None:
        """Let every read wait this long before it goes on."""
        self._delay = seconds

    def heal(self) -> None:
        """Pass on again. Connections that lost bytes stay dead, as they do in life; new ones work."""
        self._delay, self._half_open = 0.0, False
        if self._listener is None:
            self._listen()

    @property
    def url(self) -> str:
        """`redis://…` of the broker behind it, database 0."""
        return f"redis://{LOOPBACK}:{self.port}/0"

    def __enter__(self) -> Self:
        self._listen()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._closing.set()
        self.refuse()
        with self._lock:
            links = list(self._links)
        for link in links:
            link.end(reset=True)
        for link in links:
            link.join()

    def _listen(self) -> None:
        listener = socket.create_server((LOOPBACK, self.port))
        self.port = listener.getsockname()[1]
        self._listener = listener
        self._accepting = threading.Thread(target=self._accept, args=(listener,), name="proxy")
        self._accepting.start()

    def _accept(self, listener: socket.socket) -> None:
        with listener, contextlib.suppress(OSError):  # shut down by `refuse`
            while True:
                client, _ = listener.accept()
                self._connect(client)

    def _connect(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(self._target)
        except ConnectionError:  # nobody behind us
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            client.close()
            return
        with self._lock:
            link = _Link(self, client, server, dead=self._half_open)
            self._links.add(link)
        link.start()

    def pause(self) -> None:
        """Wait out the delay, if one is set."""
        if self._delay:
            self._closing.wait(self._delay)

    def forget(self, link: _Link) -> None:
        """A connection that has ended."""
        with self._lock:
            self._links.discard(link)


class _Link:
    """One connection through the proxy, a thread for each direction."""

    def __init__(self, proxy: Proxy, client: socket.socket, server: socket.socket, *, dead: bool) -> None:
        self._proxy = proxy
        self._ends = (client, server)
        self.dead = dead
        ways = ((client, server), (server, client))
        self._threads = [threading.Thread(target=self._pass_on, args=way, name="link") for way in ways]
        self._lock = threading.Lock()
        self._running = len(ways)

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def join(self) -> None:
        for thread in self._threads:
            thread.join()

    def end(self, *, reset: bool) -> None:
        """Wake both threads, the last of which closes: a close under a blocked read sends nothing."""
        with self._lock:
            for one in self._ends:
                with contextlib.suppress(OSError):  # this end may have ended by itself meanwhile
                    if reset:
                        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
                    one.shutdown(socket.SHUT_RD)

    def _pass_on(self, source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):  # either end may be killed at any moment
            while data := source.recv(_CHUNK):
                self._proxy.pause()
                if not self.dead:
                    target.sendall(data)
        self._end_of_way(target)

    def _end_of_way(self, target: socket.socket) -> None:
        with self._lock:
            self._running -= 1
            if self._running:
                if not self.dead:  # one side has ended: so does the other
                    with contextlib.suppress(OSError):
                        target.shutdown(socket.SHUT_RD)
                return
            for one in self._ends:
                one.close()
        self._proxy.forget(self)
