"""How fast `redeem dead` is with many letters: `./run python -m benchmarks.dead_letters [HOW MANY]`, else 100,000.

Each command runs in a process of its own, on a hundredth of that number and on all of it. Prints letters a second and
the process's peak memory, which should hardly differ.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from redis import Redis

from worker.dev.broker import EmbeddedValkey

_MAIN = "from worker.cli import main; main()"
_NOVEMBER = 1793491200000  # 2026-11-01, in milliseconds
_CAUSES = (("rejected", "204"), ("rejected", "202"), ("gave_up", ""), ("incomplete", ""))
_COMMANDS = (
    ["dead", "list"],
    ["dead", "list", "--json"],
    ["dead", "list", "--json", "--reason", "incomplete"],
    ["dead", "list", "--limit", "50", "--newest"],
    ["dead", "export"],
    ["dead", "export", "--format", "csv"],
    ["dead", "stats"],
    ["dead", "replay"],
    ["dead", "replay", "--yes", "--rate", "0"],
)


def fill(redis: Redis, first: int, last: int) -> None:
    """Letters number `first` to `last` - 1, an order each, as the ledger leaves them; one every second."""
    redis.sadd("redeem:accounts", "uniqodo:uk")
    for start in range(first, last, 1000):
        pipeline = redis.pipeline(transaction=False)
        for number in range(start, min(start + 1000, last)):
            at = str(_NOVEMBER + 1000 * number - 200_000_000)
            reason, code = _CAUSES[number % len(_CAUSES)]
            entry = {"at": int(at), "attempt": 1, "outcome": "dead", "status": 200, "ms": 12, "reason": reason}
            fields = {
                "v": "1", "state": "dead", "partner": "uniqodo", "shop": "uk", "account": "uniqodo:uk",
                "order_id": str(number), "code": f"UQ{number:08}", "order_value": "219.99", "currency": "GBP",
                "completed_at": "2026-11-01T00:00:00.000Z", "accepted_at": at, "died_at": at, "attempts": "1",
                "reason": reason, "error_code": code, "error_message": "Uniqodo: no, for a reason of some words",
                "history": json.dumps(entry) + "\n", "personal": '{"validation_key":"f458a1"}',
            }  # fmt: skip
            letter = f"uniqodo:uk:{number}:UQ{number:08}"
            pipeline.hset(f"redeem:redemption:{letter}", mapping=fields)  # type: ignore[arg-type]  # its type is invariant
            pipeline.zadd("redeem:dead", {letter: float(at)})
        pipeline.execute()


def measure(count: int, url: str, words: list[str]) -> str:
    """Run one command to its end, its output thrown away."""
    settings = {
        "REDEEM_BROKER_URL": url,
        "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "key",
        "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "1",
    }
    before = time.perf_counter()
    process = subprocess.Popen(  # noqa: S603 - our own command, with the words above
        [sys.executable, "-c", _MAIN, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=os.environ | settings,
    )  # fmt: skip
    _, status, usage = os.wait4(process.pid, 0)
    took = time.perf_counter() - before
    assert os.waitstatus_to_exitcode(status) in (0, 1), words  # noqa: S101 - a benchmark of a failure is none
    name = " ".join(words)
    return f"{name:<40} {count:>9,} letters: {took:6.1f} s, {count / took:>7,.0f}/s, peak {usage.ru_maxrss // 1024} MB"


def main() -> None:
    """Fill an embedded broker and measure."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as server:
        redis = Redis.from_url(server.url, decode_responses=True)
        for count in (number // 100, number):
            redis.flushall()
            fill(redis, 0, count)
            for words in _COMMANDS:
                print(measure(count, server.url, words), flush=True)  # noqa: T201 - the result


if __name__ == "__main__":
    main()
