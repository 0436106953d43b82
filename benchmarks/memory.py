"""How much of Redis a redemption takes: `./run python -m benchmarks.memory [HOW MANY]` (10,000 unless given).

Prints bytes of memory and of append-only file each, for redemptions that wait, wait for another try, are settled and
are dead, and for orders that nobody has taken yet. What `maxmemory` should be follows from it: docs/deployment.md.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

from celery import Celery
from redis import Redis

from config.patience import Breaker
from tasks.errors import Rejected, Unanswered
from tasks.identity import redemption_id
from tasks.ledger import Account, Ledger, LedgerLimits, Planned, State
from tasks.partners.base import Receipt
from tasks.redemption import Redemption
from worker.dev.broker import EmbeddedValkey

ACCOUNTS = (Account("sovendus", "uk", "8d4f6535e2cbef3e"), Account("uniqodo", "uk", "39ece95283c42f18"))
LIMITS = LedgerLimits(keep=400 * 86400, give_up_after=48 * 3600, breaker=Breaker(failures=10**9))


def redemption(number: int) -> tuple[Redemption, Account]:
    """One of an order's two: as shops send them, with a value, a hashed address and, at Uniqodo, a key."""
    account, order = ACCOUNTS[number % 2], f"TOVSGH-{100000 + number // 2}"
    code = f"SKDX{number:06}" if account is ACCOUNTS[0] else f"UQ7M{number:08}"
    return Redemption(
        id=redemption_id(account.partner, account.shop, order, code),
        partner=account.partner,
        shop=account.shop,
        order_id=order,
        code=code,
        order_value=Decimal("219.99"),
        currency="GBP",
        completed_at=datetime.now(UTC),
        email_hash="1d94e91aafaebd74135e7b9195045bf5",
        validation_key="f458a1c99e" if account is ACCOUNTS[1] else None,
        discount=Decimal("50.95"),
        source="online",
    ), account


class Fill:
    """Redemptions in one state after the other, in a ledger on an empty server."""

    def __init__(self, redis: Redis, url: str, count: int) -> None:
        self.url, self.count = url, count
        self.ledger = Ledger(redis, "redeem", LIMITS)
        self._look()

    def waiting(self) -> None:
        """Accepted, and not tried yet."""
        for number in range(self.count):
            self.ledger.open([Planned(*redemption(number))])

    def retrying(self) -> None:
        """Tried once, without an answer."""
        self.waiting()
        entry = {"attempt": 1, "outcome": "transient", "status": 503, "ms": 212, "error": "service unavailable"}
        error = Unanswered("service unavailable", status=503)
        self._each(lambda id_, claim: self.ledger.park(id_, claim, error, 900, {**entry, "ambiguous": True}))

    def settled(self) -> None:
        """Redeemed at the first try; kept until the ledger forgets."""
        self.waiting()
        entry = {"attempt": 1, "outcome": "redeemed", "status": 200, "ms": 212}
        receipt = Receipt(200, {"message": "Coupon redemption received."})
        self._each(lambda id_, claim: self.ledger.settle(id_, claim, State.REDEEMED, receipt, entry))

    def dead(self) -> None:
        """Rejected by the partner; kept until a person has decided."""
        self.waiting()
        entry = {"attempt": 1, "outcome": "dead", "status": 200, "ms": 212, "code": "204", "reason": "rejected"}
        error = Rejected("Uniqodo 204: code not recognised", code="204", status=200)
        self._each(lambda id_, claim: self.ledger.bury(id_, claim, error, entry))

    def orders(self) -> None:
        """Messages as a shop's Celery sends them, with one code each, which no worker has taken."""
        app = Celery(broker=self.url)
        with app.producer_pool.acquire() as producer:
            for number in range(self.count):
                sold = redemption(number)[0]
                event = {
                    "order_id": sold.order_id, "shop": "uk", "order_value": "219.99", "currency": "GBP",
                    "coupons": [{"code": sold.code, "discount": "50.95"}], "email": f"jane.doe.{number}@example.com",
                }  # fmt: skip
                app.send_task("orders.completed", [event], queue="orders", producer=producer)

    def _each(self, record: Callable[[str, Any], Any]) -> None:
        for number in range(self.count):
            planned, account = redemption(number)
            claim = self.ledger.claim(planned.id, account, owner=f"{number:032x}", lease=27.5)
            record(planned.id, claim)
            if not number % 1000:
                self._look()

    def _look(self) -> None:
        self.ledger.wake(Account("sovendus", "elsewhere", "fp"), limit=1, longest_lease=27.5)


def measure(state: str, count: int) -> str:
    """Fill a new server with one state."""
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedValkey(Path(folder)) as server,
        Redis.from_url(server.url, decode_responses=True) as redis,
    ):
        redis.config_set("auto-aof-rewrite-percentage", 0)
        fill = Fill(redis, server.url, count)
        before = cast("dict[str, int]", redis.info())
        getattr(fill, state)()
        after = cast("dict[str, int]", redis.info())
    memory, file = (after[name] - before[name] for name in ("used_memory", "aof_current_size"))
    return f"{state:<9} {memory / count:>6,.0f} bytes of memory, {file / count:>6,.0f} written to the file on the way"


def main() -> None:
    """One state after the other."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 10_000
    for state in ("waiting", "retrying", "settled", "dead", "orders"):
        print(measure(state, count), flush=True)  # noqa: T201 - its result


if __name__ == "__main__":
    main()
