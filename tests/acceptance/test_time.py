"""Time goes wrong: workers that are held still, clocks that differ, a server's clock that is set while they work."""

from __future__ import annotations

import contextlib
import signal
import socket
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import psutil
from redis import Redis

from tasks.ledger import Account, State
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System, WorkerProcess, code, eventually, order
from tests.acceptance.kit.gate import Gate
from tests.acceptance.kit.recorder import RecordingServer
from tests.tasks.ledger.clock import let_pass
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from worker.dev.sandbox import Sandbox

HOUR: Final = 3600.0
DAY: Final = 24 * HOUR
LEAPS: Final = (HOUR, -HOUR - 1, 3 * DAY, -3 * DAY, -2 * HOUR, 1.0)
SHORT_LEASE: Final = {"PARTNERS__SOVENDUS__READ_TIMEOUT": "1s", "PARTNERS__UNIQODO__READ_TIMEOUT": "1s"}
_SKEWED: Final = """
import time

_true = time.time
time.time = lambda: _true() + {seconds}
"""


def is_sending(system: System, redemption_id: str) -> bool:
    return system.states([redemption_id]) == {State.SENDING.value}


def hold(system: System, worker: WorkerProcess, redemption_id: str, *, at: Callable[[], bool]) -> None:
    """Hold the worker still while the redemption is its own, and `at` that point of the attempt."""

    def held_in_time() -> bool:
        if not is_sending(system, redemption_id):
            return False
        worker.signal(signal.SIGSTOP)
        if is_sending(system, redemption_id) and at():
            return True
        worker.signal(signal.SIGCONT)  # on a busy machine its attempt may just have ended
        return False

    eventually(held_in_time)


def take_over(system: System, redemption_id: str) -> None:
    """Let another worker do the work of one that is held still."""
    begun = system.record(redemption_id).attempts
    with system.worker("other"):
        (record,) = system.until_settled([redemption_id])
        assert (record.state, record.attempts) == (State.REDEEMED, begun + 1)


def test_a_worker_held_still_between_its_claim_and_the_call_does_not_call(
    make_system: Callable[..., System], valkey: EmbeddedValkey, partners: Sandbox
) -> None:
    shop = Shop("stillborn", number="7101", api_key="key-of-stillborn")
    system = make_system(shop, **SHORT_LEASE)
    (one,) = system.emit(order(shop, "1", code("STILL-1")))
    # The script is on the server already, so that the answer which is kept back is the claim's own.
    system.ledger.claim("of another", Account("sovendus", shop.name), owner="test", lease=1.0)
    # Held at once: on a busy machine it may else come to repeat its claim on another connection.
    with (
        Gate(valkey.port, b"EVALSHA", one.encode(), then=lambda: held.signal(signal.SIGSTOP)) as gate,
        contextlib.ExitStack() as later,
    ):
        broker_url = system.broker_url.replace(f":{valkey.port}/", f":{gate.port}/")
        held = system.worker("held", BROKER_URL=broker_url)
        later.callback(held.kill)
        held.launch()
        assert gate.kept.wait(40)
        eventually(lambda: is_sending(system, one))
        assert partners.calls(account=shop.number) == []
        gate.open()
        take_over(system, one)
        held.signal(signal.SIGCONT)
        held.until_ready()
        assert held.stop() == 0
    assert len(partners.calls(account=shop.number)) == 1
    assert system.record(one).state is State.REDEEMED


class FullHouse(RecordingServer):
    """Lets nobody in before it is entered: a connection to it is neither taken nor refused until then."""

    def __init__(self) -> None:
        super().__init__()
        self.taken = 0
        address = (LOOPBACK, self.server_address[1])
        self._crowd = [socket.create_connection(address) for _ in range(self.request_queue_size + 1)]
        self.crowd = len(self._crowd)

    def connected(self, connection: socket.socket) -> None:
        super().connected(connection)
        self.taken += 1

    def awaits(self, worker: WorkerProcess) -> bool:
        """Whether the worker stands at the door, which is neither opened to it nor shut."""
        links = psutil.Process(worker.pid).net_connections()
        return any(link.status == psutil.CONN_SYN_SENT and link.raddr[1] == self.port for link in links)

    def leave(self) -> None:
        """The crowd goes."""
        for one in self._crowd:
            one.close()


def test_a_worker_held_still_while_it_connects_does_not_call(
    make_system: Callable[..., System], partners: Sandbox
) -> None:
    shop = Shop("outside", number="7102", api_key="key-of-outside")
    system = make_system(shop, **SHORT_LEASE)
    house = FullHouse()
    with contextlib.ExitStack() as later, system.worker("held", PARTNERS__SOVENDUS__BASE_URL=house.url) as held:
        later.callback(house.server_close)
        (one,) = system.send(order(shop, "1", code("OUTSIDE-1")))
        hold(system, held, one, at=lambda: house.awaits(held))
        told = len(held.entries("delivery.attempted"))
        house.leave()
        later.enter_context(house)
        eventually(lambda: house.taken > house.crowd, what="the worker's connection taken, while it is held still")
        take_over(system, one)
        held.signal(signal.SIGCONT)
        *_, tried = eventually(lambda: held.entries("delivery.attempted")[told:])
        assert tried["error"].startswith("not sent: ")
        assert held.stop() == 0
    assert house.received() == []
    assert len(partners.calls(account=shop.number)) == 1
    assert system.record(one).state is State.REDEEMED


@contextlib.contextmanager
def at_once(workers: Iterable[WorkerProcess]) -> Iterator[None]:
    """Start them side by side."""
    with contextlib.ExitStack() as started:
        for worker in (workers := list(workers)):
            started.callback(worker.kill)
            worker.launch()
        for worker in workers:
            worker.until_ready()
        yield


def skewed(system: System, directory: Path, node: str, seconds: float) -> WorkerProcess:
    """A worker on a machine whose clock is wrong."""
    site = directory / f"site-{node}"
    site.mkdir()
    (site / "sitecustomize.py").write_text(_SKEWED.format(seconds=seconds))
    environment = system.environment | {"PYTHONPATH": str(site)}
    return WorkerProcess(environment, directory / f"{node}.log", node=node)


def pushed(redis: Any) -> int:  # noqa: ANN401 - redis-py's types mix sync and async
    """How many messages were put into queues, and lags into their list, so far."""
    return sum(redis.info("commandstats").get(f"cmdstat_{name}", {"calls": 0})["calls"] for name in ("lpush", "rpush"))


def test_workers_whose_clocks_differ_ring_and_call_no_more_than_others(tmp_path: Path, partners: Sandbox) -> None:
    shop = Shop("skewed", number="7103", api_key="key-of-skewed")
    with (
        EmbeddedValkey(tmp_path / "broker") as broker,
        System(broker.url, partners.url, [shop], tmp_path, FAST) as system,
        at_once(skewed(system, tmp_path, f"by{seconds}", seconds) for seconds in (-7, 11, 600)),
    ):
        # An account that has proven itself is held back by nothing, so that each doorbell rung leads to a call.
        system.until_settled(system.send(*(order(shop, f"P{n}", code(f"PROVEN-{n}")) for n in range(8))))
        before = pushed(system.ledger.redis)
        partners.mix({"SLOW@0.2": 0.3, "429@1": 0.3}, 1, account=shop.number)
        ids = system.send(*(order(shop, f"{n}", code(f"SKEWED-{n}")) for n in range(60)))
        records = system.until_settled(ids)
        rung = pushed(system.ledger.redis) - before - 2 * len(ids)  # the events themselves, and a lag for each report
    assert {record.state for record in records} == {State.REDEEMED}
    attempts = sum(record.attempts for record in records)
    assert len(partners.calls(account=shop.number)) == attempts + 8
    assert partners.doubled(account=shop.number) == []
    assert rung <= attempts * 1.2, (rung, attempts)


def test_the_servers_clock_is_set_ahead_and_back_while_they_work(
    make_system: Callable[..., System], partners: Sandbox
) -> None:
    shop = Shop("leaping", number="7104", api_key="key-of-leaping")
    system = make_system(shop)
    partners.mix({"SLOW@0.3": 0.4, "429@1": 0.4}, 2, account=shop.number)
    partners.mix({"+SLOW@0.3": 0.4, "429@1": 0.4}, 3, account=shop.api_key)
    ids: list[str] = []
    with Redis.from_url(system.broker_url, decode_responses=True) as redis, system.worker("one"), system.worker("two"):
        for leap in LEAPS:
            numbers = [f"{leap}-{n}" for n in range(4)]
            before = len(partners.calls(account=shop.number))
            ids += system.send(*(order(shop, n, code(f"S{n}"), code(f"U{n}", "uniqodo")) for n in numbers))
            partners.wait_for_calls(before + 2, within=60, account=shop.number)
            eventually(lambda: redis.hexists("redeem:clock", "pulse"), what="a first look of either worker")
            let_pass(redis, leap, watched=False)
        records = system.until_settled(ids, within=60)
    assert len(records) == len(ids)
    assert Counter(record.state for record in records) == {State.REDEEMED: len(ids)}
    assert not any(record.ambiguous for record in records)
    calls = partners.calls(account=shop.number) + partners.calls(account=shop.api_key)
    assert len(calls) == sum(record.attempts for record in records)
    assert partners.doubled(account=shop.number) == partners.doubled(account=shop.api_key) == []
