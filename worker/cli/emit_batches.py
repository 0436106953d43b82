"""Batches of events on their way into the ledger: the next is read and planned while Redis works on the last.

A batch is one atomic script, hence small enough not to keep Redis from others for long.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import chain, islice
from typing import Final

from redis.exceptions import RedisError

from config.settings import Settings
from tasks.event_batch import Found
from tasks.intake import plan_order
from tasks.invalid_event import FieldError, InvalidEvent
from tasks.ledger import Opened, Opening, Planned
from tasks.orders import parse_order

_FULL: Final = 250  # redemptions; each takes some 0.1 ms of Redis' time, in which it does nothing else
_MOST: Final = 1000  # events, which may have no codes at all


@dataclass
class Entry:
    """One event, where it stands, and what it opens and has opened, or why it is refused."""

    place: str
    found: Found
    order_id: str = ""
    planned: list[Planned] = field(default_factory=list)
    opened: tuple[Opened, ...] = ()
    errors: tuple[FieldError, ...] = ()


def entries(events: Iterable[tuple[str, Found]], settings: Settings) -> Iterator[Entry]:
    """Each event validated and planned, as it comes."""
    for place, found in events:
        entry, now = Entry(place, found), datetime.now(UTC)
        try:
            if found.unreadable is not None:
                raise InvalidEvent((FieldError("$", found.unreadable),))  # noqa: TRY301 - refused like any other
            order = parse_order(found.event, now=now)
        except InvalidEvent as error:
            entry.errors = error.errors
        else:
            entry.order_id, entry.planned = order.order_id, plan_order(order, settings, now=now)
        yield entry


def batches(each: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The entries in their order, as many together as go into one script."""
    batch: list[Entry] = []
    opens = 0
    for entry in each:
        batch.append(entry)
        opens += len(entry.planned)
        if opens >= _FULL or len(batch) >= _MOST:
            yield batch
            batch, opens = [], 0
    if batch:
        yield batch


class NotTaken(Exception):  # noqa: N818 - what became of the entries
    """The broker did not take these entries, for that reason; nor was any after them tried."""

    def __init__(self, entries: list[Entry], reason: RedisError | OSError) -> None:
        super().__init__(str(reason))
        self.entries = entries
        self.reason = reason


class OneAhead:
    """Has one batch at a time opened, in a thread, so that its owner can prepare the next one.

    The thread does little but wait: what a batch opens is worked out by the owner, while Redis works on the last one.
    """

    def __init__(self, open_all: Callable[[Opening], Sequence[Opened]]) -> None:
        self._open_all = open_all
        self._batch: list[Entry] = []
        self._opening: Future[Sequence[Opened]] = Future()
        self._opening.set_result(())

    def hand_in(self, batch: list[Entry]) -> list[Entry]:
        """Begin with this batch once the one before is opened; returns that one, or none where this is the first.

        Raises NotTaken with both where that one could not be opened.
        """
        opening = Opening([*chain.from_iterable(entry.planned for entry in batch)])
        try:
            opened = iter(self._opening.result())
        except (RedisError, OSError) as error:
            raise NotTaken([*self._batch, *batch], error) from error
        before, self._batch, self._opening = self._batch, batch, Future()
        if batch:  # a daemon: who interrupts the command does not wait for a broker that is away
            threading.Thread(target=self._open, args=(opening, self._opening), name="opening", daemon=True).start()
        for entry in before:
            entry.opened = tuple(islice(opened, len(entry.planned)))
        return before

    def finish(self) -> list[Entry]:
        """The last batch, once it is opened; otherwise as `hand_in`."""
        return self.hand_in([])

    def _open(self, opening: Opening, opened: Future[Sequence[Opened]]) -> None:
        try:
            opened.set_result(self._open_all(opening))
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            opened.set_exception(error)
