"""Where Sentry takes envelopes: a real server that unpacks them, or that takes them and never answers."""

from __future__ import annotations

import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler
from typing import Any

from typing_extensions import override

from tests.acceptance.kit.serving import Serving
from worker.dev.ports import LOOPBACK


class Ingest(Serving):
    """A context manager. With `hangs` it reads each envelope and keeps its sender waiting until the end."""

    def __init__(self, *, hangs: bool = False, key: str = "c0ffee") -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.key = key
        self.hangs = hangs
        self.over = threading.Event()
        self._lock = threading.Lock()
        self._envelopes: list[bytes] = []

    @property
    def dsn(self) -> str:
        """What to set as `REDEEM_SENTRY_DSN`."""
        return f"http://{self.key}@{LOOPBACK}:{self.port}/1"

    def keep(self, envelope: bytes) -> None:
        """Take one more envelope, unpacked."""
        with self._lock:
            self._envelopes.append(envelope)

    def envelopes(self) -> list[bytes]:
        """All so far, unpacked, headers included."""
        with self._lock:
            return list(self._envelopes)

    def items(self, kind: str = "event") -> list[dict[str, Any]]:
        """The items of that type in all envelopes so far."""
        return [body for envelope in self.envelopes() for head, body in _items(envelope) if head["type"] == kind]

    def pages(self) -> list[dict[str, Any]]:
        """The events that are pages."""
        return [event for event in self.items() if "page" in event.get("tags", {})]

    @override
    def let_go(self) -> None:
        self.over.set()


class _Handler(BaseHTTPRequestHandler):
    server: Ingest

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.keep(gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body)
        if self.server.hangs:
            self.server.over.wait()
            return
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None: ...


def _items(envelope: bytes) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    _, *lines = envelope.split(b"\n")
    pairs = zip(lines[::2], lines[1::2], strict=False)
    return [(json.loads(head), json.loads(body)) for head, body in pairs]
