"""A steady trickle of orders, one every so often, and how long each takes from the order to its report."""

from __future__ import annotations

import math
import threading
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Self

from tests.acceptance.kit import code, order
from tests.acceptance.kit.producer import BareProducer

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from types import TracebackType

    from tests.acceptance.kit import Shop, System


class Trickle:
    """Sends orders with a Sovendus code in the background, `every` so many seconds; a context manager."""

    def __init__(self, system: System, shop: Shop, every: float) -> None:
        self._system, self._shop, self._every = system, shop, every
        self._lock = threading.Lock()
        self._sent: list[dict[str, Any]] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._send, name="trickle")
        self._failed: Exception | None = None

    def sent(self) -> list[dict[str, Any]]:
        """The events so far."""
        with self._lock:
            return list(self._sent)

    def latencies(self, events: Sequence[Mapping[str, Any]]) -> list[float]:
        """Seconds from order to report of those events that are reported, in ascending order."""
        ids = [self._shop.ids("sovendus", event["order_id"], event["coupons"][0]["code"])[0] for event in events]
        found = ((record.moment("reported_at"), record.fields["completed_at"]) for record in self._system.records(ids))
        return sorted((end - datetime.fromisoformat(begin)).total_seconds() for end, begin in found if end is not None)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._failed and kind is None:
            raise self._failed

    def _send(self) -> None:
        try:
            with BareProducer(self._system.broker_url) as shop:
                while not self._stop.wait(self._every):
                    event = self._next()
                    shop.send([event])
                    with self._lock:
                        self._sent.append(event)
        except Exception as error:  # noqa: BLE001 - raised where the block ends, not lost with the thread
            self._failed = error

    def _next(self) -> dict[str, Any]:
        number = f"T{len(self._sent)}"
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        return order(self._shop, number, code(f"CODE-{number}"), completed_at=now)


def percentile(ordered: Sequence[float], share: float) -> float:
    """The value below which `share` (0-1) of them lie, nearest rank, in milliseconds from seconds; -1 of none."""
    return round(ordered[max(0, math.ceil(share * len(ordered)) - 1)] * 1000, 1) if ordered else -1.0
