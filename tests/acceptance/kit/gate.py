"""A gate between a worker and its broker: one answer is kept back, all else passes."""

from __future__ import annotations

import contextlib
import socket
import socketserver
import threading
from collections.abc import Callable

from typing_extensions import override

from tests.acceptance.kit.serving import Serving
from worker.dev.ports import LOOPBACK

_CHUNK = 65536


class Gate(Serving):
    """Passes everything on to `port`, but the answer to the first request that has all `words` waits for `open`.

    What is on that connection afterwards waits too. `then` is called as soon as that request has gone on to the broker.
    A context manager.
    """

    def __init__(self, port: int, *words: bytes, then: Callable[[], object] = lambda: None) -> None:
        self.target = (LOOPBACK, port)
        self.words = words
        self.then = then
        self.kept = threading.Event()
        """Set once an answer waits."""
        self.opened = threading.Event()
        self._links: set[socket.socket] = set()
        super().__init__((LOOPBACK, 0), _Passage)

    def open(self) -> None:
        """Let the answer pass."""
        self.opened.set()

    def remember(self, link: socket.socket) -> None:
        """Take down a connection, to end it when the gate closes."""
        self._links.add(link)

    @override
    def let_go(self) -> None:
        self.open()
        for link in list(self._links):
            with contextlib.suppress(OSError):  # ended by itself
                link.shutdown(socket.SHUT_RDWR)


class _Passage(socketserver.BaseRequestHandler):
    server: Gate
    request: socket.socket

    def handle(self) -> None:
        self.keeps = False
        with socket.create_connection(self.server.target) as behind:
            self.server.remember(self.request)
            back = threading.Thread(target=self._answers, args=(behind,))
            back.start()
            with contextlib.suppress(OSError):  # either end may be killed
                while data := self.request.recv(_CHUNK):
                    keeps = not self.server.kept.is_set() and all(word in data for word in self.server.words)
                    self.keeps = self.keeps or keeps
                    behind.sendall(data)
                    if keeps:
                        self.server.then()
                        self.server.kept.set()
            with contextlib.suppress(OSError):
                behind.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answers(self, behind: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := behind.recv(_CHUNK):
                if self.keeps:
                    self.server.opened.wait()
                self.request.sendall(data)
