"""The SQL outbox with real relays, killed at each point of a row's life: it is reported once, and the row says so.

Each test does the same to all databases at once, for what takes its time here is waiting.
"""

from __future__ import annotations

import contextlib
import json
import os
from typing import TYPE_CHECKING, Any

import pytest
import sqlalchemy as sa

from tasks.ledger import Account
from tests.acceptance.campaigns.outbox import outbox_on
from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.kit import code, eventually, order
from tests.acceptance.kit.nursery import Nursery
from tests.acceptance.kit.proxy import Proxy
from tests.acceptance.kit.relays import RelayProcess
from tests.databases import connected
from tests.relay import gates
from worker.relay.ddl import ddl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.acceptance.kit import Shop, System
    from tests.databases import Database, MariaDB, PostgreSQL, SQLiteFolder
    from worker.dev.sandbox import Sandbox

SEED = int(os.environ.get("KILL_SEED", "7"))  # another one is another course of things


class Outbox:
    """One database's, with a relay that is not started yet; `environment` is the relay's."""

    def __init__(self, database: Database, nursery: Nursery, environment: Mapping[str, str], directory: Path) -> None:
        self.database = database
        log = directory / f"{database.dialect}.log"
        self.relay = RelayProcess(nursery, database.url, environment, log, ("--every", "0.1s"))
        database.run(ddl(database.dialect))
        gates.build(database)
        self._engine = sa.create_engine(database.url, isolation_level="AUTOCOMMIT")

    def sell(self, shop: Shop) -> None:
        """An order of the shop, with one code, committed."""
        event = json.dumps(order(shop, self.database.dialect, code("C")))
        with self._engine.connect() as connection:
            connection.execute(sa.text("INSERT INTO redemption_outbox (event) VALUES (:e)"), {"e": event})

    def row(self) -> Any:  # noqa: ANN401 - its columns are attributes
        """The newest."""
        with self._engine.connect() as connection:
            return connection.execute(sa.text("SELECT * FROM redemption_outbox ORDER BY id DESC LIMIT 1")).one()

    def close(self) -> None:
        """End its own connections."""
        self._engine.dispose()

    def until_taken(self) -> None:
        """Return once a relay holds the row."""
        query = sa.text("SELECT id FROM redemption_outbox WHERE sent_at IS NULL FOR UPDATE SKIP LOCKED")
        with connected(self.database.url, isolation_level="READ COMMITTED") as connection:
            eventually(lambda: self._none(connection, query), what="the row taken")

    def until_marked(self) -> None:
        """Return once the row is marked as sent."""
        eventually(lambda: self.row().sent_at, what=f"sent, says {self.database.dialect}")

    def until_reported(self) -> None:
        """Return once the row says so."""
        eventually(lambda: self.row().state == "redeemed", what=f"redeemed, says {self.database.dialect}")

    def _none(self, connection: sa.Connection, query: sa.TextClause) -> bool:
        found = connection.execute(query).all()
        connection.rollback()
        return not found


@pytest.fixture(scope="module")
def nursery() -> Iterator[Nursery]:
    with Nursery() as made:
        yield made


@pytest.fixture(scope="module")
def wire(system: System) -> Iterator[Proxy]:
    """Between relays and broker."""
    port = int(system.broker_url.rpartition(":")[2].partition("/")[0])
    with Proxy(port) as made:
        yield made


@pytest.fixture(scope="module")
def outboxes(
    system: System,
    wire: Proxy,
    nursery: Nursery,
    tmp_path_factory: pytest.TempPathFactory,
    *,
    request: pytest.FixtureRequest,
) -> Iterator[list[Outbox]]:
    """One on each database."""
    directory = tmp_path_factory.mktemp("relays")
    url = f"{wire.url.removesuffix('0')}{system.broker_url.rpartition('/')[2]}"
    environment = {**system.environment, "REDEEM_BROKER_URL": url}
    servers = [request.getfixturevalue(name) for name in ("postgresql", "mariadb", "sqlite")]
    made = [Outbox(server.database(), nursery, environment, directory) for server in servers]
    yield made
    for outbox in made:
        outbox.close()


@contextlib.contextmanager
def on_all(outboxes: Sequence[Outbox], enter: Callable[[Outbox], AbstractContextManager[object]]) -> Iterator[None]:
    with contextlib.ExitStack() as entered:
        for outbox in outboxes:
            entered.enter_context(enter(outbox))
        yield


@contextlib.contextmanager
def relaying(outboxes: Sequence[Outbox]) -> Iterator[None]:
    """A relay on each, killed at the end."""
    for outbox in outboxes:
        outbox.relay.launch()
    with on_all(outboxes, lambda outbox: contextlib.closing(_Killing(outbox.relay))):
        for outbox in outboxes:
            outbox.relay.until_ready()
        yield


class _Killing:
    def __init__(self, relay: RelayProcess) -> None:
        self.close = relay.kill


@contextlib.contextmanager
def paused(system: System, shop: Shop) -> Iterator[None]:
    """Nothing of the shop's is sent before the end."""
    account = Account("sovendus", shop.name)
    assert system.ledger.pause(account)
    yield
    assert system.ledger.resume(account)


def require_reported_once(outboxes: Sequence[Outbox], shop: Shop, partners: Sandbox) -> None:
    """By the next relays, whatever the last ones had done."""
    with relaying(outboxes):
        for outbox in outboxes:
            outbox.until_reported()
    for outbox in outboxes:
        row = outbox.row()
        assert json.loads(row.redemptions) == shop.ids("sovendus", outbox.database.dialect, "C")
        assert row.reported_at
        assert row.error is None
    called = sorted(str(call.order_id) for call in partners.calls(account=shop.number))
    assert called == sorted(outbox.database.dialect for outbox in outboxes)


def ids(outboxes: Sequence[Outbox], shop: Shop) -> list[str]:
    return [id_ for outbox in outboxes for id_ in shop.ids("sovendus", outbox.database.dialect, "C")]


pytestmark = pytest.mark.usefixtures("worker")


def test_killed_when_they_have_taken_a_row_and_not_journaled_it(
    outboxes: list[Outbox], wire: Proxy, shop: Shop, partners: Sandbox, system: System
) -> None:
    holding = [outbox for outbox in outboxes if outbox.database.dialect != "sqlite"]  # which cannot hold a row
    with relaying(holding):
        wire.hold()
        for outbox in holding:
            outbox.sell(shop)
            outbox.until_taken()
    wire.heal()
    assert [outbox.row().sent_at for outbox in holding] == [None, None]
    assert system.records(ids(holding, shop)) == []
    require_reported_once(holding, shop, partners)


def test_killed_when_they_have_journaled_a_row_and_not_marked_it(
    outboxes: list[Outbox], shop: Shop, partners: Sandbox, system: System
) -> None:
    for outbox in outboxes:
        outbox.sell(shop)
    with on_all(outboxes, lambda outbox: gates.closed(outbox.database, gates.MARKING)), relaying(outboxes):
        system.until_settled(ids(outboxes, shop))
        for outbox in outboxes:
            gates.until_somebody_waits(outbox.database)
            outbox.relay.kill()
            assert outbox.row().sent_at is None
    require_reported_once(outboxes, shop, partners)


def test_killed_when_they_have_marked_a_row_and_not_seen_what_became_of_it(
    outboxes: list[Outbox], shop: Shop, partners: Sandbox, system: System
) -> None:
    with paused(system, shop), relaying(outboxes):
        for outbox in outboxes:
            outbox.sell(shop)
            outbox.until_marked()
            outbox.relay.kill()
    system.until_settled(ids(outboxes, shop))
    assert [outbox.row().state for outbox in outboxes] == ["queued"] * 3
    require_reported_once(outboxes, shop, partners)


def test_killed_while_they_write_back(outboxes: list[Outbox], shop: Shop, partners: Sandbox, system: System) -> None:
    with contextlib.ExitStack() as gate, relaying(outboxes):
        with paused(system, shop):
            for outbox in outboxes:
                outbox.sell(shop)
                outbox.until_marked()
                gate.enter_context(gates.closed(outbox.database, gates.WRITING_BACK))
        system.until_settled(ids(outboxes, shop))
        for outbox in outboxes:
            gates.until_somebody_waits(outbox.database)
            outbox.relay.kill()
            assert outbox.row().state == "queued"
    require_reported_once(outboxes, shop, partners)


def test_several_relays_killed_at_any_moment_with_databases_and_broker(
    postgresql: PostgreSQL, mariadb: MariaDB, sqlite: SQLiteFolder, nursery: Nursery, tmp_path: Path
) -> None:
    report = outbox_on((postgresql, mariadb, sqlite), nursery, tmp_path, Sizes(orders=60, faults=6, seed=SEED))
    assert report.findings == [], "\n".join(report.lines())
    assert min(report.acknowledged.values()) > 0
    assert len(report.acknowledged) == 3
    assert report.evidence.rolled_back
    assert report.measured["relays that ended by themselves"] == 0
