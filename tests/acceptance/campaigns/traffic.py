"""Shops that send without pause while things break: some by `redeem emit`, some by a Celery that has none of our code.

An event counts as promised once its door has acknowledged it, and what is not acknowledged is sent again, as a shop
does. Every tenth order comes by both doors: two systems that report the same one.
"""

from __future__ import annotations

from collections import Counter
from functools import partial
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tests.acceptance.campaigns.senders import Senders
from tests.acceptance.kit.producer import BareProducer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.acceptance.campaigns.evidence import Promise
    from tests.acceptance.campaigns.orders import Order
    from tests.acceptance.kit import System

EMIT: Final = "emit"
SEND_TASK: Final = "send_task"
_BOTH_EVERY: Final = 10
_BATCH: Final = 25  # orders a `redeem emit`, which takes a second to start
_PAUSE: Final = 0.05


class Pace:
    """Lets the orders out in as many bursts as there are `steps`, so that each harm meets one."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._done = 0

    def step(self) -> None:
        """The next burst may go out."""
        self._done += 1

    @property
    def share(self) -> float:
        """How much of the orders may be sent by now (0–1)."""
        return self._done / self._steps


class Traffic(Senders):
    """Sends `orders` in the background; a context manager that ends when all are acknowledged.

    `share` says how much of them may be sent by now (0–1), so that the load lasts as long as the harm does.
    `conf` are the Celery options of the shops that send by their own.
    """

    def __init__(
        self,
        system: System,
        orders: Sequence[Order],
        share: Callable[[], float] = lambda: 1.0,
        doors: Sequence[str] = (EMIT, SEND_TASK),
        conf: Mapping[str, object] | None = None,
    ) -> None:
        self._system = system
        self._orders = {door: _for_door(orders, door, doors) for door in doors}
        self._share = share
        self._conf = conf
        super().__init__()
        self._promises: dict[str, Promise] = {}
        self.acknowledged: Counter[str] = Counter()
        """Events by door."""
        self.refused: Counter[str] = Counter()
        """Sendings that were not acknowledged, by door; each was made again."""

    def promises(self) -> list[Promise]:
        """What is promised so far."""
        with self._lock:
            return list(self._promises.values())

    @override
    def work(self) -> Iterator[Callable[[], None]]:
        for door, orders in self._orders.items():
            yield partial(_SENDERS[door], self, orders)

    def _emit(self, orders: Sequence[Order]) -> None:
        waiting = list(orders)
        while waiting and not self._stop.is_set():
            batch = waiting[: min(_BATCH, self._allowed(orders, waiting))]
            taken = {row["order_id"] for row in self._system.offer(*(one.event for one in batch))} if batch else set()
            self._acknowledge(EMIT, (one for one in batch if one.event["order_id"] in taken))
            self.refused[EMIT] += len(batch) - len(taken)
            waiting = [one for one in batch if one.event["order_id"] not in taken] + waiting[len(batch) :]
            if not taken:
                self._stop.wait(_PAUSE)

    def _send_task(self, orders: Sequence[Order]) -> None:
        waiting = list(orders)
        with BareProducer(self._system.broker_url, self._conf) as shop:
            while waiting and not self._stop.is_set():
                if not self._allowed(orders, waiting):
                    self._stop.wait(_PAUSE)
                elif shop.offer([waiting[0].event]):
                    self._acknowledge(SEND_TASK, [waiting.pop(0)])
                else:
                    self.refused[SEND_TASK] += 1
                    self._stop.wait(_PAUSE)

    def _allowed(self, orders: Sequence[Order], waiting: Sequence[Order]) -> int:
        """How many more may be sent now."""
        return max(0, round(min(1.0, self._share()) * len(orders)) - (len(orders) - len(waiting)))

    def _acknowledge(self, door: str, orders: Iterable[Order]) -> None:
        with self._lock:
            for order in orders:
                self.acknowledged[door] += 1
                self._promises.update((promise.id, promise) for promise in order.promises)


_SENDERS: Final = {EMIT: Traffic._emit, SEND_TASK: Traffic._send_task}  # noqa: SLF001 - the class's own


def _for_door(orders: Sequence[Order], door: str, doors: Sequence[str]) -> list[Order]:
    """Each door its share, and every tenth order to both."""
    place = doors.index(door)
    return [one for number, one in enumerate(orders) if number % len(doors) == place or number % _BOTH_EVERY == 0]
