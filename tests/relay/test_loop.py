"""`redeem relay` as it runs in production: woken, interrupted, and patient with what is away."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from redis import Redis

from tests.acceptance.kit.broker_faults import killed
from tests.acceptance.kit.polling import eventually
from tests.cli.conftest import Worker, event
from tests.relay.erp import ON_SERVERS, ON_SQLITE
from tests.relay.process import RelayProcess
from tests.tasks.examples import ADDRESS
from worker.dev.broker import EmbeddedValkey
from worker.relay.errors import Unusable
from worker.relay.loop import run
from worker.relay.relay import Relay
from worker.relay.stopping import Stop

if TYPE_CHECKING:
    from tests.databases import DatabaseServer
    from tests.relay.erp import Outbox


@contextlib.contextmanager
def running(relay: Relay) -> Iterator[None]:
    """In a thread of this process."""
    stop = Stop()
    thread = threading.Thread(target=run, args=(relay, stop), kwargs={"every": 0.02})
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(20)
        stop.close()
    assert not thread.is_alive()


def states(outbox: Outbox) -> list[str | None]:
    return [row["state"] for row in outbox.rows()]


@ON_SQLITE
def test_rows_are_relayed_as_they_come_and_written_back_as_they_end(
    outbox: Outbox, relay: Relay, worker: Worker
) -> None:
    with running(relay):
        outbox.add(*(event(str(number)) for number in range(1, 10)))
        eventually(lambda: states(outbox) == ["queued"] * 9)
        for number in range(1, 10):
            worker.work(f"sovendus:uk:{number}:SKD1")
        eventually(lambda: states(outbox) == ["redeemed"] * 9)
        outbox.add(event("10"))
        eventually(lambda: states(outbox)[-1] == "queued")


@ON_SERVERS
def test_a_database_that_goes_away_is_waited_for(
    outbox: Outbox, relay: Relay, worker: Worker, request: pytest.FixtureRequest
) -> None:
    server: DatabaseServer = request.getfixturevalue(
        {"postgresql": "postgresql", "mysql": "mariadb"}[relay.database.url.get_backend_name()]
    )
    with running(relay):
        outbox.add(event("1"))
        eventually(lambda: states(outbox) == ["queued"])
        server.kill()
        worker.work("sovendus:uk:1:SKD1")
        server.revive()
        outbox.add(event("2"))
        eventually(lambda: states(outbox) == ["redeemed", "queued"])


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_trigger_wakes_it_redis_is_waited_for_and_sigterm_ends_it_warm(
    outbox: Outbox, configured: Callable[..., None], tmp_path: Path, valkey: EmbeddedValkey, redis: Redis
) -> None:
    """Nothing of an order is in its log, at DEBUG too, where SQLAlchemy would print statements and rows."""
    configured(RELAY__DSN=outbox.url, LOG_LEVEL="DEBUG")
    with RelayProcess(os.environ, tmp_path / "relay.log", "--every", "1h") as relay:
        first, _ = outbox.add(event("1", email=ADDRESS), f'{{"order_id": "{ADDRESS}", "customer": "{ADDRESS}"')
        eventually(lambda: states(outbox) == ["queued", "refused"])
        outbox.change(first, sent_at=None, state=None)  # as an ERP mends a row
        eventually(lambda: states(outbox) == ["queued", "refused"])
        with killed(valkey):
            outbox.add(event("2"))
            eventually(lambda: relay.entries("relay.waiting"))
            assert outbox.rows()[2]["sent_at"] is None
        eventually(lambda: states(outbox) == ["queued", "refused", "queued"])
        assert redis.exists("redeem:redemption:sovendus:uk:2:SKD1")
        eventually(lambda: relay.entries("relay.goes_on"))
        assert [one["away"] for one in relay.entries("relay.waiting")] == ["broker"]
        assert relay.stop() == 0
        assert relay.entries("relay.stopped")
        batches = relay.entries("relay.batch")
        assert sum(batch["relayed"] for batch in batches) == 3
        assert [batch["rows"] for batch in batches if "refused" in batch] == [[2]]
        for secret in (ADDRESS, "219.99", "SELECT", outbox.url):
            assert secret not in relay.said()


@pytest.fixture
def interruptible() -> Iterator[None]:
    """Ctrl-C has its usual effect, also where a shell runs the tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
def test_the_first_ctrl_c_asks_and_the_second_insists() -> None:
    stop = Stop()
    with stop.by_signal():
        os.kill(os.getpid(), signal.SIGINT)
        assert stop.is_set
        stop.wait(60)  # as long as the test may take, were the wish not heard
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
    stop.close()


@ON_SQLITE
def test_a_table_that_is_missing_ends_it(outbox: Outbox, relay: Relay) -> None:
    with outbox.engine.begin() as erp:
        erp.exec_driver_sql("ALTER TABLE redemption_outbox DROP COLUMN receipt")
    with pytest.raises(Unusable, match=r"has no column receipt in redemption_outbox: `redeem relay --ddl sqlite`"):
        run(relay, Stop(), every=1.0)
