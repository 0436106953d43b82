"""How long `redeem status` looks at what waits: `./run python -m benchmarks.survey [HOW MANY]` (100,000 unless given).

Prints, for a tenth of that number and for all of it, the seconds that a survey takes, microseconds per redemption, the
longest that the server was held by one page, and the process's peak memory.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from redis import Redis

from config.patience import Breaker
from tasks.identity import redemption_id
from tasks.ledger import Account, Ledger, LedgerLimits, Planned
from tasks.redemption import Redemption
from tasks.standing.survey import survey
from worker.dev.broker import EmbeddedValkey

UK = Account("sovendus", "uk", "fp")
LIMITS = LedgerLimits(keep=400 * 86400, give_up_after=48 * 3600, breaker=Breaker())


def fill(ledger: Ledger, first: int, last: int) -> None:
    """Open redemptions number `first` to `last` - 1, an order each."""
    for start in range(first, last, 500):
        ledger.open([Planned(_redemption(number), UK) for number in range(start, min(start + 500, last))])


def _redemption(number: int) -> Redemption:
    order, code = str(number), f"SKD{number:08}"
    return Redemption(
        id=redemption_id("sovendus", "uk", order, code),
        partner="sovendus",
        shop="uk",
        order_id=order,
        code=code,
        order_value=Decimal("219.99"),
        currency="GBP",
        completed_at=datetime.now(UTC),
        email_hash="1d94e91aafaebd74135e7b9195045bf5",
    )


def measure(ledger: Ledger) -> str:
    """One survey, timed."""
    redis = ledger.redis
    redis.config_resetstat()
    before = time.perf_counter()
    found = survey(ledger)
    took = time.perf_counter() - before
    pages = redis.info("commandstats")["cmdstat_evalsha"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    count = found.waiting.count
    return (
        f"{count:>9,} waiting: {took:6.2f} s, {took / count * 1e6:5.1f} µs each; the server held for "
        f"{pages['usec_per_call'] / 1000:.1f} ms a page; peak memory {peak} MB"
    )


def main() -> None:
    """Fill an embedded broker and survey it."""
    number = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
    with tempfile.TemporaryDirectory() as folder, EmbeddedValkey(Path(folder)) as server:
        ledger = Ledger(Redis.from_url(server.url, decode_responses=True), "redeem", LIMITS)
        for first, last in ((0, number // 10), (number // 10, number)):
            fill(ledger, first, last)
            print(measure(ledger))  # noqa: T201 - the result


if __name__ == "__main__":
    main()
