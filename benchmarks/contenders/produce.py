"""Enqueues for one contender: `python -m benchmarks.contenders.produce CONTENDER`, told what to do by lines of JSON.

`{"first": 0, "count": 1000}` enqueues so many events at once; with `"rate"` as well, so many a second. Each line is
answered by one: when each was handed over (monotonic seconds, before the call), how long all took, and the CPU time.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from benchmarks.contenders.order import event


def enqueue(send: Callable[[dict[str, Any]], object], first: int, count: int, rate: float | None) -> dict[str, Any]:
    """Hand over the events number `first` and following."""
    orders = [event(first + place) for place in range(count)]
    handed = []
    began, busy = time.monotonic(), time.process_time()
    for place, order in enumerate(orders):
        if rate:
            time.sleep(max(0.0, began + place / rate - time.monotonic()))
        handed.append(time.monotonic())
        send(order)
    return {"handed": handed, "seconds": time.monotonic() - began, "busy": time.process_time() - busy}


def main() -> None:
    """Until standard input ends."""
    send = importlib.import_module(f"benchmarks.contenders.{sys.argv[1]}").sender()
    for line in sys.stdin:
        wish = json.loads(line)
        print(json.dumps(enqueue(send, wish["first"], wish["count"], wish.get("rate"))), flush=True)  # noqa: T201 - its answer


if __name__ == "__main__":
    main()
