"""How fast `redeem emit` is: `./run python -m benchmarks.emit [HOW MANY…]` (1,000 and 10,000 orders if not given).

Against the same orders handed to the same Redis by a plain Celery app, one `send_task` each, in slices before and
between the runs of the command; of more than 2,000 only so many, since a message costs what the next one does. The
command is a process of its own, told from its start to its exit. Orders have one code each and are JSON Lines. The rate
by which it is the faster is the result; CPU is told by order, of who hands in and of the broker.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import psutil
from celery import Celery

from benchmarks.http_door import event
from worker.dev.broker import EmbeddedValkey

_EMIT: Final = (sys.executable, "-c", "from worker.cli import main; main()", "emit")
_SLICES: Final = 3
_MOST_MESSAGES: Final = 2_000


@dataclass
class Taken:
    """What so many orders took, by one way: seconds by the clock, and CPU seconds of both sides."""

    orders: int = 0
    seconds: float = 0.0
    ours: float = 0.0
    brokers: float = 0.0

    def measure(self, orders: int, broker: EmbeddedValkey, hand_in: Callable[[], object]) -> None:
        """Hand in so many orders, and add what it took."""
        began, ours, brokers = time.perf_counter(), _own_cpu(), _cpu_of(broker)
        hand_in()
        self.seconds += time.perf_counter() - began
        self.ours += _own_cpu() - ours
        self.brokers += _cpu_of(broker) - brokers
        self.orders += orders

    @property
    def rate(self) -> float:
        """Orders a second."""
        return self.orders / self.seconds

    def line(self, name: str) -> str:
        """The table's line."""
        each = "  ".join(f"{spent / self.orders * 1000:7.3f}" for spent in (self.seconds, self.ours, self.brokers))
        return f"{name:<36}  {self.rate:>9,.0f}  {each}"


def _own_cpu() -> float:
    """Of this process and of its children that have ended: the broker is none of those."""
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _cpu_of(broker: EmbeddedValkey) -> float:
    times = psutil.Process(broker.pid).cpu_times()
    return float(times.user + times.system)


def compare(count: int, folder: Path, broker: EmbeddedValkey, environment: dict[str, str]) -> None:
    """Both ways in slices by turns, and a line each."""
    shop, messages, emitted = Celery(broker=broker.url), Taken(), Taken()

    def send() -> None:
        for _ in range(min(count, _MOST_MESSAGES) // _SLICES):
            shop.send_task("orders.completed", [event()], queue="orders")

    def emit() -> None:
        with file.open("rb") as orders, (folder / "told").open("wb") as told:
            subprocess.run([*_EMIT, "-"], stdin=orders, stdout=told, env=environment, check=True)  # noqa: S603 - this program

    shop.send_task("orders.completed", [event()], queue="orders")  # connects
    file, share = folder / "orders.jsonl", count // _SLICES
    for _ in range(_SLICES if count <= _MOST_MESSAGES * 10 else 1):
        messages.measure(min(count, _MOST_MESSAGES) // _SLICES, broker, send)
        size = share if count <= _MOST_MESSAGES * 10 else count
        file.write_text("".join(json.dumps(event()) + "\n" for _ in range(size)))
        emitted.measure(size, broker, emit)
        if (lines := (folder / "told").read_bytes().count(b"queued\n")) != size:
            raise RuntimeError(f"{lines} of {size} orders were taken")
    messages.measure(min(count, _MOST_MESSAGES) // _SLICES, broker, send)
    shop.close()
    print(messages.line("send_task, a message each"))  # noqa: T201 - its result
    print(emitted.line(f"redeem emit, {size:,} at once"))  # noqa: T201 - as above
    print(f"{emitted.rate / messages.rate:.1f} times as fast", flush=True)  # noqa: T201 - as above


def main() -> None:
    """Measure each size, and print what came of it."""
    print(f"{'':<36}  {'orders':>9}  {'ms':>7}  {'CPU ms an order':>16}")  # noqa: T201 - its result
    print(f"{'':<36}  {'/s':>9}  {'order':>7}  {'ours':>7}  {'broker':>7}")  # noqa: T201 - as above
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder) / "broker") as broker:
        environment = os.environ | {
            "REDEEM_BROKER_URL": broker.url,
            "REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "1000",
            "REDEEM_LOG_LEVEL": "WARNING",
        }
        for count in [int(word) for word in sys.argv[1:]] or [1_000, 10_000]:
            compare(count, Path(folder), broker, environment)


if __name__ == "__main__":
    main()
