"""A server of the tests' own that runs in a thread for as long as its `with` block."""

from __future__ import annotations

import socketserver
import threading
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from types import TracebackType


class Serving(socketserver.ThreadingTCPServer):
    """A context manager; `let_go` is called at its end, before connections are waited for."""

    daemon_threads = False  # joined at the end, so that no socket is left to the garbage collector

    @property
    def port(self) -> int:
        """Where to connect, on the loopback address."""
        return int(self.server_address[1])

    def let_go(self) -> None:
        """End what would keep a connection's thread."""

    def __enter__(self) -> Self:
        self._serving = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05})
        self._serving.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        self.shutdown()
        self._serving.join()
        self.let_go()
        self.server_close()
