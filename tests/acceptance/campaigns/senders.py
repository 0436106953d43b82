"""Threads that hand in a campaign's orders for as long as a `with` block; its end raises what one of them ran into."""

from __future__ import annotations

import threading
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from types import TracebackType


class Senders:
    """A context manager; where its block fails, the threads stop with what they have in hand."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._pool = ThreadPoolExecutor(thread_name_prefix="traffic")
        self._senders: list[Future[None]] = []

    def work(self) -> Iterable[Callable[[], None]]:
        """What each thread does until everything is handed in, or `_stop` is set; each subclass has its own."""
        raise NotImplementedError

    def let_go(self) -> None:
        """Give up what the threads worked with, once they have ended."""

    def finish(self) -> None:
        """Return once everything is handed in. Raises what a thread ran into."""
        for sender in self._senders:
            sender.result()

    def __enter__(self) -> Self:
        self._senders = [self._pool.submit(work) for work in self.work()]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self._stop.set()
        self._pool.shutdown()
        self.let_go()
        if kind is None:
            self.finish()
