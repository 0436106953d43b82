"""How fast `redeem report` and `redeem reconcile` are: `./run python -m benchmarks.report [HOW MANY]` (100,000 if not).

Each command runs in a process of its own, on a hundredth of that number and on all of it. Prints rows a second, also of
the process's own CPU time, its peak memory, and how long the server was held by one page of outcomes.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from redis import Redis

from worker.dev.broker import EmbeddedValkey

_MAIN = "from worker.cli import main; main()"
_RECEIPT = '{"status": 200, "message": "Coupon redemption received."}'
_NOVEMBER = 1793491200000  # 2026-11-01, in milliseconds


def fill(redis: Redis, first: int, last: int) -> None:
    """Outcomes number `first` to `last` - 1, an order each, as the ledger writes them; one every second."""
    redis.sadd("redeem:accounts", "sovendus:uk")
    for start in range(first, last, 1000):
        pipeline = redis.pipeline(transaction=False)
        for number in range(start, min(start + 1000, last)):
            at = str(_NOVEMBER + 1000 * number)
            fields = {
                "at": at, "id": f"sovendus:uk:{number}:SKD{number:08}", "partner": "sovendus", "shop": "uk",
                "order_id": str(number), "code": f"SKD{number:08}", "state": "redeemed", "attempts": "1",
                "order_value": "219.99", "currency": "GBP", "completed_at": "2026-11-01T00:00:00.000Z",
                "accepted_at": at, "reported_at": at, "receipt": _RECEIPT,
            }  # fmt: skip
            pipeline.xadd("redeem:outcomes", fields, id=f"{at}-0")  # type: ignore[arg-type]  # its type is invariant
        pipeline.execute()


def statement(count: int) -> Iterator[str]:
    """A partner's, in another order than ours, in which every thousandth line is missing and another differs."""
    yield "Bestellnummer;Gutscheincode;Bestellwert;Währung\n"
    for number in range(count - 1, -1, -1):
        if number % 1000:
            value = "209,99" if number % 1000 == 1 else "219,99"
            yield f"{number};skd{number:08};{value};GBP\n"


def measure(redis: Redis, count: int, url: str, *words: str) -> str:
    """Run one command to its end, its output thrown away."""
    redis.config_resetstat()
    before = time.perf_counter()
    environment = os.environ | {"REDEEM_BROKER_URL": url}
    process = subprocess.Popen(  # noqa: S603 - this very program
        [sys.executable, "-c", _MAIN, *words], stdout=subprocess.DEVNULL, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - before
    assert os.waitstatus_to_exitcode(status) in (0, 1), words  # noqa: S101 - a benchmark of a failure is none
    held = redis.info("commandstats")["cmdstat_evalsha"]["usec_per_call"] / 1000
    busy = usage.ru_utime + usage.ru_stime
    command = " ".join(Path(word).name for word in words)
    return (
        f"{command:<24} {count:>9,} rows: {took:6.1f} s, {count / took:>6,.0f} rows/s, "
        f"{count / busy:>6,.0f} per second of CPU; peak memory {usage.ru_maxrss // 1024} MB; "
        f"the server held for {held:.1f} ms a page"
    )


def main() -> None:
    """Fill an embedded broker and measure."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as server:
        redis = Redis.from_url(server.url, decode_responses=True)
        for first, last in ((0, number // 100), (number // 100, number)):
            fill(redis, first, last)
            listed = Path(folder) / "statement.csv"
            with listed.open("w", encoding="cp1252") as file:
                file.writelines(statement(last))
            for words in (["report"], ["report", "--json"], ["report", "--daily"], ["reconcile", str(listed)]):
                print(measure(redis, last, server.url, *words), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
