"""Whether a redemption costs more where many wait: `./run python -m benchmarks.growth [HOW MANY…]` (1,000, 1,000,000).

With so many redemptions waiting for one account, others are opened, claimed and settled at it and at another account.
Prints what Redis takes of its own CPU for each step, how many commands it carries out within, and the bytes of memory
that each waiting redemption takes; and every figure as a ratio to the first.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from redis import Redis

from benchmarks.memory import LIMITS, redemption
from tasks.ledger import Account, Claim, Ledger, Planned, State
from tasks.partners.base import Receipt
from worker.dev.broker import EmbeddedValkey

AT_ONCE = 500  # redemptions opened in one script while filling
MEASURED = 1000  # redemptions a round
ROUNDS = 5  # the best counts, since this machine does other things too
LEASE = 27.5
RECEIPT = Receipt(200, {"message": "Coupon redemption received."})
ENTRY = {"attempt": 1, "outcome": "redeemed", "status": 200, "ms": 212}


@dataclass
class Cost:
    """Of one redemption's step: microseconds of Redis's CPU, and commands within."""

    cpu: float
    commands: float


class Server:
    """A ledger with many redemptions waiting."""

    def __init__(self, redis: Redis) -> None:
        self.redis: Any = redis
        self.ledger = Ledger(redis, "redeem", LIMITS)
        self.numbers = iter(range(10**9))

    def fill(self, count: int) -> float:
        """Open so many, and tell the bytes that each takes."""
        before = self._memory()
        for _ in range(0, count, AT_ONCE):
            self.ledger.open(list(self._next(AT_ONCE)))
        self.redis.delete("sovendus", "uniqodo")  # what the doorbells take is benchmarks.memory's matter
        return (self._memory() - before) / count

    def prove(self) -> None:
        """Let both accounts answer well, so that their pace is unlimited."""
        for planned in self._next(200):
            self.ledger.open([planned])
            self._settle(self._claim(planned))

    def steps(self) -> dict[str, Cost]:
        """What opening, claiming and settling one costs."""
        best: dict[str, Cost] = {}
        for _ in range(ROUNDS):
            new = list(self._next(MEASURED))
            for name, step in self._round(new).items():
                cost = self._cost(step)
                if name not in best or cost.cpu < best[name].cpu:
                    best[name] = cost
        return best

    def _round(self, new: list[Planned]) -> dict[str, Callable[[], None]]:
        claimed: list[tuple[str, Claim]] = []

        def opening() -> None:
            for planned in new:
                self.ledger.open([planned])

        def claiming() -> None:
            claimed.extend(map(self._claim, new))

        def settling() -> None:
            for one in claimed:
                self._settle(one)

        return {"open": opening, "claim": claiming, "settle": settling}

    def _next(self, count: int) -> Iterator[Planned]:
        return (Planned(*redemption(next(self.numbers))) for _ in range(count))

    def _claim(self, planned: Planned) -> tuple[str, Claim]:
        id_ = planned.redemption.id
        return id_, self.ledger.claim(id_, planned.account, owner=f"{hash(id_) & (2**64 - 1):032x}", lease=LEASE)

    def _settle(self, one: tuple[str, Claim]) -> None:
        self.ledger.settle(*one, State.REDEEMED, RECEIPT, ENTRY)

    def _cost(self, step: Callable[[], None]) -> Cost:
        self.ledger.wake(Account("sovendus", "elsewhere", "fp"), limit=1, longest_lease=LEASE)
        self.redis.config_resetstat()
        before = self._cpu()
        step()
        cpu = self._cpu() - before
        counted = self.redis.info("commandstats")
        within = sum(
            one["calls"] for name, one in counted.items() if name.split("_")[1] not in ("info", "config|resetstat")
        )
        return Cost(cpu / MEASURED * 1e6, within / MEASURED)

    def _cpu(self) -> float:
        told = self.redis.info("cpu")
        return float(told["used_cpu_user_main_thread"] + told["used_cpu_sys_main_thread"])

    def _memory(self) -> float:
        return float(self.redis.info("memory")["used_memory"])


def measure(waiting: int) -> dict[str, float]:
    """Every figure with so many waiting, on a server of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedValkey(Path(folder)) as embedded,
        Redis.from_url(embedded.url, decode_responses=True) as redis,
    ):
        redis.config_set("auto-aof-rewrite-percentage", 0)
        server = Server(redis)
        server.prove()
        figures = {"bytes each": server.fill(waiting)}
        for name, cost in server.steps().items():
            figures |= {f"{name}: µs of Redis": cost.cpu, f"{name}: commands within": cost.commands}
        return figures


def main() -> None:
    """One number of waiting redemptions after the other."""
    sizes = [int(size) for size in sys.argv[1:]] or [1_000, 1_000_000]
    first: dict[str, float] = {}
    for size in sizes:
        figures = measure(size)
        first = first or figures
        for name, figure in figures.items():
            print(f"{size:>9,} waiting  {name:<24} {figure:8.1f}  × {figure / first[name]:.2f}", flush=True)  # noqa: T201 - its result


if __name__ == "__main__":
    main()
