"""What stands before the door on a bad day: it answers as it was told for a while, then passes everything on."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING

import requests
from typing_extensions import override

from tests.acceptance.kit.serving import Serving
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Sequence

HANGS = 0
"""In place of a status: takes the request, and says nothing until the end of the test."""


class Front(Serving):
    """A context manager. `first` are the statuses of its first answers; what follows goes to `door` and back."""

    daemon_threads = True  # a client may keep its connection open beyond the end

    def __init__(self, door: str, first: Sequence[int] = ()) -> None:
        super().__init__((LOOPBACK, 0), _Request)
        self.door = door
        self.answered: list[int] = []
        self._first = list(first)
        self._lock = threading.Lock()
        self.over = threading.Event()

    @property
    def url(self) -> str:
        """Its base URL, to be given out as the door's."""
        return f"http://{LOOPBACK}:{self.port}"

    def begin_with(self, *statuses: int) -> None:
        """Answer with these first, from now on."""
        with self._lock:
            self._first[:] = statuses

    def next(self) -> int | None:
        """The status to answer with; None: ask the door."""
        with self._lock:
            return self._first.pop(0) if self._first else None

    @override
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that has gone away is what some tests are about: nothing to print."""

    @override
    def let_go(self) -> None:
        self.over.set()


class _Request(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        status = self.server.next()
        if status == HANGS:
            self.server.answered.append(HANGS)
            self.server.over.wait()
            self.close_connection = True
        elif status is None:
            passed = {name: value for name, value in self.headers.items() if name.lower() not in ("host", "connection")}
            answer = requests.post(self.server.door + self.path, data=body, headers=passed, timeout=20)
            self._answer(answer.status_code, answer.content, answer.headers.get("Content-Type", ""))
        else:
            self._answer(status, b"{}", "application/json", {"Retry-After": "1"})

    def _answer(self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.server.answered.append(status)
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **(more or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    @override
    def log_message(self, format: str, *args: object) -> None:  # the parent's name for it
        """Nothing on standard error."""
