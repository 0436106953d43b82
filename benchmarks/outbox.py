"""How fast the SQL outbox is: `./run python -m benchmarks.outbox [HOW MANY]` (rows of backlog; 5,000 if not given).

For each database: how long from an order's COMMIT until the partner has its call, at a steady 20 orders a second, with
a worker beside the relay; how long a backlog takes that no worker settles, with one relay and with two; and what
100,000 open rows cost. On top, for reference, the same orders journaled in this process without a database.
PostgreSQL and MariaDB are started here, and do not flush to the disk. Compare rows of one run: the machine may do other
work, too.
"""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from typing import Final

import psutil
import sqlalchemy as sa

from config.settings import load_settings
from tasks.acceptance import accept_all
from tasks.intake import plan_order
from tasks.orders import parse_order
from tasks.partners import SPECS
from tests.acceptance.kit import Shop, System, eventually
from tests.acceptance.kit.nursery import Nursery
from tests.acceptance.kit.relays import RelayProcess
from tests.databases import Database, MariaDB, PostgreSQL, SQLiteFolder
from worker.composition import create_app
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox
from worker.relay.ddl import ddl
from worker.relay.table import outbox

_PER_SECOND: Final = 20
_SECONDS: Final = 15
_BATCH: Final = 100
_OPEN: Final = 100_000
_WATCHED: Final = 40.0  # seconds
_SHOP: Final = Shop("uk", number="4711", api_key="key")
_WITHIN: Final = 900.0


def event(number: int) -> dict[str, object]:
    """An order with one code and all else that partners want."""
    return {
        "order_id": str(number), "shop": "uk", "order_value": "219.99", "currency": "GBP",
        "coupons": [{"code": f"SKD{number:08}", "discount": "50.95"}],
        "email_hash": "1d94e91aafaebd74135e7b9195045bf5",
    }  # fmt: skip


class Bench:
    """Everything but the databases; each measurement begins with an empty broker."""

    def __init__(self, system: System, partners: Sandbox, nursery: Nursery) -> None:
        self.system, self.partners, self.nursery = system, partners, nursery

    def empty(self) -> None:
        """Books and ledger as at the start."""
        self.partners.reset()
        self.system.ledger.redis.flushdb()

    @contextlib.contextmanager
    def relays(self, database: Database, count: int, *options: str) -> Iterator[list[RelayProcess]]:
        """Killed at the end."""
        logs = [Path(tempfile.mkdtemp(dir=self.system.directory)) / "relay.log" for _ in range(count)]
        made = [RelayProcess(self.nursery, database.url, self.system.environment, log, options) for log in logs]
        with contextlib.ExitStack() as running:
            yield [running.enter_context(one) for one in made]

    def latency(self, database: Database, *options: str) -> str:
        """From COMMIT to the partner."""
        self.empty()
        engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
        committed: dict[str | None, float] = {}
        with self.system.worker(), self.relays(database, 1, *options), engine.connect() as connection:
            began = time.monotonic()
            for number in range(_PER_SECOND * _SECONDS):
                time.sleep(max(0.0, began + number / _PER_SECOND - time.monotonic()))
                add(connection, [number])
                committed[str(number)] = time.time()
            eventually(lambda: len(self.partners.calls()) == len(committed), within=_WITHIN)
        engine.dispose()
        waits = sorted(call.arrived_at - committed[call.order_id] for call in self.partners.calls())
        p50, p99 = (waits[int(len(waits) * share)] * 1000 for share in (0.5, 0.99))
        return f"{p50:>6,.0f} ms p50, {p99:>6,.0f} ms p99"

    def backlog(self, database: Database, rows: int, relays: int, batch: int) -> str:
        """Until all are journaled and marked as sent; nobody settles them meanwhile."""
        self.empty()
        engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")
        unsent = sa.text("SELECT count(*) FROM redemption_outbox WHERE sent_at IS NULL")
        with engine.connect() as connection:
            connection.execute(sa.text("DELETE FROM redemption_outbox"))
            for start in range(0, rows, 1000):
                add(connection, range(start, min(start + 1000, rows)))
            began = time.monotonic()
            with self.relays(database, relays, "--batch", str(batch)) as running:
                eventually(lambda: connection.scalar(unsent) == 0, within=_WITHIN)
                took, used = time.monotonic() - began, busy(running)
        engine.dispose()
        return f"{rows / took:>6,.0f} rows/s, {used / rows * 1e6:>5,.0f} µs of CPU a row"

    def standing(self, database: Database, rows: int) -> str:
        """What a relay does all day where so many rows wait for something."""
        self.empty()
        settings = load_settings(SPECS, environ=self.system.environment, directory=self.system.directory)
        now = datetime.now(UTC)
        engine = sa.create_engine(database.url)
        for start in range(0, rows, 1000):
            events = [event(number) for number in range(start, min(start + 1000, rows))]
            plans = [plan_order(parse_order(one, now=now), settings, now=now) for one in events]
            self.system.ledger.open([*chain.from_iterable(plans)])
            sent = [
                {
                    "event": json.dumps(one), "sent_at": now, "state": "queued",
                    "redemptions": json.dumps([plan.redemption.id]),
                }
                for one, (plan,) in zip(events, plans, strict=True)
            ]  # fmt: skip
            with engine.begin() as connection:
                connection.execute(sa.insert(outbox), sent)
        engine.dispose()
        with self.relays(database, 1) as running:
            time.sleep(2.0)
            before = busy(running)
            time.sleep(_WATCHED)
            share = (busy(running) - before) / _WATCHED
        return f"{rows:,} open rows: the relay uses {share:.1%} of one core"


def add(connection: sa.Connection, numbers: Sequence[int]) -> None:
    """A row each."""
    rows = [{"event": json.dumps(event(number))} for number in numbers]
    connection.execute(sa.text("INSERT INTO redemption_outbox (event) VALUES (:event)"), rows)


def busy(processes: Sequence[RelayProcess]) -> float:
    """Seconds of CPU that they have used, what it takes to start aside: they were forked from one that had."""
    times = [psutil.Process(one.pid).cpu_times() for one in processes]
    return sum(one.user + one.system for one in times)


def reference(system: System, rows: int) -> str:
    """The same orders journaled in this process, a batch at a time."""
    settings = load_settings(SPECS, environ=system.environment, directory=system.directory)
    app = create_app(settings)
    before, began = time.process_time(), time.monotonic()
    for start in range(0, rows, _BATCH):
        orders = [parse_order(event(n), now=datetime.now(UTC)) for n in range(start, min(start + _BATCH, rows))]
        accept_all(app, app.runtime, orders)
    took, used = time.monotonic() - began, time.process_time() - before
    app.close()
    return f"{rows / took:>6,.0f} rows/s, {used / rows * 1e6:>5,.0f} µs of CPU a row"


def say(what: str, result: str) -> None:
    """A line of the result."""
    print(f"{what:<44} {result}", flush=True)  # noqa: T201 - the result


def main() -> None:
    """All of it, one after the other."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    open_rows = int(os.environ.get("OPEN_ROWS", _OPEN))
    with (
        tempfile.TemporaryDirectory() as folder,
        EmbeddedValkey(Path(folder) / "broker") as broker,
        Sandbox(port=0) as partners,
        System(broker.url, partners.url, [_SHOP], Path(folder), {}) as system,
        Nursery() as nursery,
        PostgreSQL() as postgresql,
        MariaDB() as mariadb,
    ):
        bench = Bench(system, partners, nursery)
        say("reference: journaled in one process", reference(system, rows))
        for name, server in (("PostgreSQL", postgresql), ("MariaDB", mariadb), ("SQLite", SQLiteFolder(Path(folder)))):
            database = server.database()
            database.run(ddl(database.dialect))
            say(f"{name}, default", bench.latency(database))
            if database.dialect == "postgresql":
                database.run("DROP TRIGGER redemption_outbox_notify ON redemption_outbox;")
                say(f"{name}, without NOTIFY", bench.latency(database))
            say(f"{name}, --every 0.1s", bench.latency(database, "--every", "0.1s"))
            for relays, batch in ((1, _BATCH), (2, _BATCH), (1, 1000)):
                told = bench.backlog(database, rows, relays, batch)
                say(f"{name}, backlog, {relays} relay(s), --batch {batch}", told)
        database = postgresql.database()
        database.run(ddl(database.dialect))
        say("PostgreSQL", bench.standing(database, open_rows))


if __name__ == "__main__":
    main()
