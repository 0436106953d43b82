"""A system whose broker can be harmed in every way: reached over a wire that can be cut, looked into beside it."""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Final, Self

from tasks.ledger import State
from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.acceptance.kit.proxy import Proxy
from tests.acceptance.kit.system import System
from worker.dev.broker import EmbeddedValkey

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path
    from types import TracebackType

    from tasks.ledger import Record
    from tests.acceptance.kit.processes import WorkerProcess
    from tests.acceptance.kit.shops import Shop

RECOVERED_WITHIN: Final = 40.0
_WAITING: Final = {State.QUEUED, State.SENDING, State.RETRYING}


class Stand:
    """A context manager. `system` works over the wire, `books` looks into the broker past it."""

    def __init__(self, directory: Path, partners_url: str, shops: Sequence[Shop], settings: Mapping[str, str]) -> None:
        self._open = contextlib.ExitStack()
        self._installed = (partners_url, shops, directory, settings)
        self.broker = EmbeddedValkey(directory / "broker")
        self.wire: Proxy
        self.system: System
        self.books: System

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            opening.enter_context(self.broker)
            self.wire = opening.enter_context(Proxy(self.broker.port))
            self.system = opening.enter_context(System(self.wire.url, *self._installed))
            self.books = opening.enter_context(System(self.broker.url, *self._installed))
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def fault(self, name: str) -> AbstractContextManager[None]:
        """One of `FAULTS`: it begins on entry and is over at the end."""
        return FAULTS[name](self)

    def until_settled(self, worker: WorkerProcess, ids: Sequence[str]) -> list[Record]:
        """The records once they are; a worker that ended with its broker is started again, as its supervisor does."""

        def settled() -> bool:
            if worker.exit_code() is not None:
                worker.launch()
            records = self.books.records(ids)
            return len(records) == len(ids) and not any(record.state in _WAITING for record in records)

        eventually(settled, within=RECOVERED_WITHIN, what="settled")
        return self.books.records(ids)


@contextlib.contextmanager
def _half_open(stand: Stand) -> Iterator[None]:
    stand.wire.hold()
    try:
        yield
    finally:
        stand.wire.heal()


@contextlib.contextmanager
def _unreachable(stand: Stand) -> Iterator[None]:
    stand.wire.refuse()
    stand.wire.cut(reset=True)
    try:
        yield
    finally:
        stand.wire.heal()


FAULTS: Final[Mapping[str, Callable[[Stand], AbstractContextManager[None]]]] = {
    "killed": lambda stand: broker_faults.killed(stand.broker),
    "held still": lambda stand: broker_faults.held_still(stand.broker),
    "half-open": _half_open,
    "unreachable": _unreachable,
    "read-only": lambda stand: broker_faults.read_only(stand.broker),
    "disk full": lambda stand: broker_faults.disk_full(stand.broker),
    "memory full": lambda stand: broker_faults.memory_full(stand.broker),
}
"""What can befall the way to the broker or the broker itself."""
