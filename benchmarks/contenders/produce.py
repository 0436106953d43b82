"""Enqueues for one contender: `python -m benchmarks.contenders.produce CONTENDER`, told what to do by lines of JSON.

`{"first": 0, "count": 1000}` enqueues so many events at once; with `"rate"` as well, so many a second; with `"burst"`,
so many others all at once before every 25th. Each line is answered by one: when each but those was handed over
(monotonic seconds, before the call), how many there were in all, how long it took, and the CPU time.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from benchmarks.contenders.order import event

_EVERY: Final = 25


@dataclass(frozen=True)
class Wish:
    """A line."""

    first: int
    count: int
    rate: float | None = None
    burst: int = 0


def enqueue(send: Callable[[dict[str, Any]], object], wish: Wish) -> dict[str, Any]:
    """Hand over the events number `first` and following; the bursts are numbered on from there."""
    orders = [event(wish.first + place) for place in range(wish.count)]
    bursts = wish.burst * -(-wish.count // _EVERY)
    others = [event(wish.first + wish.count + place) for place in range(bursts)]
    handed = []
    began, busy = time.monotonic(), time.process_time()
    for place, order in enumerate(orders):
        if wish.rate:
            time.sleep(max(0.0, began + place / wish.rate - time.monotonic()))
        if wish.burst and place % _EVERY == 0:
            for other in others[place // _EVERY * wish.burst :][: wish.burst]:
                send(other)
        handed.append(time.monotonic())
        send(order)
    seconds, cpu = time.monotonic() - began, time.process_time() - busy
    return {"handed": handed, "count": len(orders) + len(others), "seconds": seconds, "busy": cpu}


def main() -> None:
    """Until standard input ends."""
    send = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}").sender()
    for line in sys.stdin:
        print(json.dumps(enqueue(send, Wish(**json.loads(line)))), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
