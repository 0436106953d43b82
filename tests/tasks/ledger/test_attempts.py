"""One attempt after another over the real sandbox and the real ledger, without Celery in between."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from redis import Redis

from tasks.intake import plan_order
from tasks.ledger import State
from tasks.outcomes import Again, Buried, Nothing, Result, Settled
from tasks.redeeming import attempt, lease_for, park
from tasks.runtime import Runtime
from tests.acceptance.kit.polling import eventually
from tests.tasks import examples
from tests.tasks.ledger.clock import let_pass
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

CALL = 10.0  # seconds that no test waits for
LEASE = lease_for(CALL)


class Worker:
    """A worker without Celery: what its tasks do, one call at a time."""

    def __init__(self, broker_url: str, sandbox: Sandbox, **settings: str) -> None:
        known = {
            "BROKER_URL": broker_url,
            "PARTNERS__SOVENDUS__BASE_URL": sandbox.url,
            "PARTNERS__UNIQODO__BASE_URL": sandbox.url,
            "PARTNERS__SOVENDUS__READ_TIMEOUT": str(CALL),
            "PARTNERS__UNIQODO__READ_TIMEOUT": str(CALL),
        }
        self.runtime = Runtime(examples.settings(**known | settings))
        self.redis: Redis = self.runtime.ledger.redis
        self.look()
        let_pass(self.redis, LEASE)

    def look(self) -> None:
        account = plan_order(examples.order(), self.runtime.settings, now=datetime.now(UTC))[0].account
        self.runtime.ledger.wake(account, limit=1, longest_lease=LEASE)

    def accept(self, code: str, provenance: str = "uniqodo", **changes: object) -> str:
        """Journal an order with this code; the redemption's id."""
        order = examples.order(coupons=[{"code": code, "provenance": provenance}], **changes)
        (opened,) = self.runtime.ledger.open(plan_order(order, self.runtime.settings, now=datetime.now(UTC)))
        return opened.id

    def attempt(self, redemption_id: str) -> Result:
        """One task's run: an attempt, and parking it where it is worth another."""
        result = attempt(self.runtime, redemption_id.removeprefix("test:").split(":")[0], redemption_id)
        if isinstance(result, Again):
            park(self.runtime, result)
        return result

    def again(self, redemption_id: str) -> Again:
        result = self.attempt(redemption_id)
        assert isinstance(result, Again)
        return result

    def passes(self, seconds: float, *, watched: bool = True) -> None:
        let_pass(self.redis, seconds, watched=watched)

    def state(self, redemption_id: str) -> State:
        found = self.runtime.ledger.find(redemption_id)
        assert found is not None
        return found.state

    def history(self, redemption_id: str) -> list[str]:
        found = self.runtime.ledger.find(redemption_id)
        assert found is not None
        return [str(entry["outcome"]) for entry in found.history()]

    def close(self) -> None:
        for partner in ("sovendus", "uniqodo"):
            self.runtime.client(partner).close()
        self.redis.close()


@pytest.fixture
def hire(broker_url: str, sandbox: Sandbox) -> Iterator[Callable[..., Worker]]:
    """Hires workers with settings of their own; `broker_url` where they are not to work at the common broker."""
    hired: list[Worker] = []

    def make(url: str = broker_url, **settings: str) -> Worker:
        hired.append(Worker(url, sandbox, **settings))
        return hired[-1]

    yield make
    for one in hired:
        one.close()


@pytest.fixture
def worker(hire: Callable[..., Worker]) -> Worker:
    return hire()


@pytest.mark.parametrize("partner", ["sovendus", "uniqodo"])
def test_a_first_call_that_is_answered_settles_it(worker: Worker, sandbox: Sandbox, partner: str) -> None:
    one = worker.accept("AB12E3GH", partner)
    assert worker.attempt(one) == Settled(State.REDEEMED)
    assert worker.attempt(one) == Nothing("settled")
    assert len(sandbox.calls()) == 1


def test_an_answer_lost_after_the_partner_committed_is_presumed_once_it_says_already_redeemed(
    worker: Worker, hire: Callable[..., Worker], sandbox: Sandbox
) -> None:
    one = worker.accept("AB12+HANG")
    lost = hire(PARTNERS__UNIQODO__READ_TIMEOUT="0.3").again(one)
    assert lost.error.message.startswith("no answer")
    worker.passes(lost.delay)

    assert worker.attempt(one) == Settled(State.PRESUMED)
    assert worker.history(one) == ["transient", "presumed"]
    assert [entry.commits for entry in sandbox.redemptions()] == [1]


def test_already_redeemed_at_the_first_attempt_is_somebody_elses(worker: Worker) -> None:
    one = worker.accept("REDEEMED-1")
    result = worker.attempt(one)
    assert isinstance(result, Buried)
    assert (result.error.reason, result.error.code) == ("rejected", "201")
    assert worker.state(one) is State.DEAD


def test_already_redeemed_after_an_attempt_that_never_left_is_somebody_elses(
    worker: Worker, hire: Callable[..., Worker], sandbox: Sandbox
) -> None:
    one = worker.accept("REDEEMED-1")
    with refusing_port() as port:
        cut_off = hire(PARTNERS__UNIQODO__BASE_URL=f"http://127.0.0.1:{port}")
        assert "not sent" in cut_off.again(one).error.message
    worker.passes(60)
    assert isinstance(worker.attempt(one), Buried)
    assert len(sandbox.calls()) == 1


def test_a_call_whose_worker_died_before_recording_is_presumed_too(worker: Worker, sandbox: Sandbox) -> None:
    one = worker.accept("AB12E3GH")
    settings = worker.runtime.settings
    account = plan_order(examples.order(), settings, now=datetime.now(UTC))[0].account
    worker.runtime.ledger.claim(one, account, owner="dies soon", lease=LEASE)
    twin = worker.accept("AB12E3GH", order_id="twin")  # makes the very call that the dead worker made
    worker.attempt(twin)
    assert worker.attempt(one) == Nothing("busy")
    worker.passes(LEASE)

    assert worker.attempt(one) == Settled(State.PRESUMED)
    assert worker.history(one) == ["lease_expired", "presumed"]
    assert len(sandbox.calls(order_id="145789")) == 1


def test_a_wrong_key_burns_nothing_and_all_goes_out_once_it_is_mended(
    worker: Worker, hire: Callable[..., Worker], sandbox: Sandbox
) -> None:
    sandbox.configure(accepted_keys=["mended"])
    first, second = worker.accept("AB12"), worker.accept("CD34")
    assert worker.again(first).error.code == "101"
    assert [worker.attempt(one) for one in (first, second)] == [Nothing("resting")] * 2
    assert len(sandbox.calls()) == 1

    mended = hire(SHOPS__UK__UNIQODO__API_KEY="mended")
    assert [mended.attempt(one) for one in (first, second)] == [Settled(State.REDEEMED)] * 2
    assert worker.attempt(first) == Nothing("settled")


def test_two_bad_answers_and_a_good_one_are_three_calls_with_growing_gaps(worker: Worker, sandbox: Sandbox) -> None:
    one = worker.accept("AB12-503x2", "sovendus")
    delays = []
    for _ in range(2):
        delays.append(worker.again(one).delay)
        assert worker.attempt(one) == Nothing("early")
        worker.passes(delays[-1])
    assert worker.attempt(one) == Settled(State.REDEEMED)

    assert [call.status for call in sandbox.calls()] == [503, 503, 200]
    assert 1 <= delays[0] < 2 <= delays[1] < 4


def test_a_partners_wish_to_wait_is_heeded(worker: Worker) -> None:
    one = worker.accept("AB12-429@300", "sovendus")
    assert worker.again(one).delay == 300
    worker.passes(290)
    assert worker.attempt(one) == Nothing("early")
    worker.passes(10)
    assert worker.attempt(one) == Settled(State.REDEEMED)


def test_it_gives_up_after_its_time_and_not_before(worker: Worker) -> None:
    one = worker.accept("AB12-503x*", "sovendus")
    worker.passes(47 * 3600)
    worker.again(one)
    worker.passes(3600)
    result = worker.attempt(one)
    assert isinstance(result, Buried)
    assert result.error.reason == "gave_up"
    assert "HTTP 503" in result.error.message


class PausedMachine:
    """A clock that jumps a minute after its first look: the machine was suspended between claim and call."""

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        self._looks += 1
        return time.monotonic() + (60 if self._looks > 1 else 0)


def test_too_little_left_of_a_lease_gives_the_claim_back_unsent(
    worker: Worker, sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = worker.accept("AB12E3GH")
    with monkeypatch.context() as patched:
        patched.setattr("tasks.redeeming.time", PausedMachine())
        assert worker.attempt(one) == Nothing("released")
    record = worker.runtime.ledger.find(one)

    assert record is not None
    assert (record.state, record.attempts, record.ambiguous) == (State.QUEUED, 0, False)
    assert sandbox.calls() == []
    assert worker.attempt(one) == Settled(State.REDEEMED)


def test_many_doorbells_at_once_are_one_call(worker: Worker, sandbox: Sandbox) -> None:
    one = worker.accept("AB12-SLOW@0.1", "sovendus")
    with ThreadPoolExecutor(8) as threads:
        results = list(threads.map(worker.attempt, [one] * 8))
    assert results.count(Settled(State.REDEEMED)) == 1
    assert set(results) <= {Settled(State.REDEEMED), Nothing("busy"), Nothing("settled")}
    assert len(sandbox.calls()) == 1


def test_a_test_redemption_does_everything_but_the_call(worker: Worker, sandbox: Sandbox) -> None:
    one = worker.accept("AB12E3GH", test=True)
    assert worker.attempt(one) == Settled(State.REDEEMED)
    assert sandbox.calls() == []


def test_what_the_settings_demand_by_now_is_asked_for_before_the_call(
    worker: Worker, hire: Callable[..., Worker], sandbox: Sandbox
) -> None:
    one = worker.accept("AB12E3GH")
    strict = hire(SHOPS__UK__UNIQODO__REQUIRE_VALIDATION_KEY="true")
    result = strict.attempt(one)
    assert isinstance(result, Buried)
    assert result.error.reason == "incomplete"
    assert sandbox.calls() == []


def test_a_worker_that_lacks_the_account_puts_it_off(worker: Worker, hire: Callable[..., Worker]) -> None:
    other = hire(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    one = other.accept("AB12E3GH", "sovendus", shop="fr")
    assert worker.attempt(one) == Nothing("deferred")
    assert other.attempt(one) == Settled(State.REDEEMED)


def test_what_no_worker_can_send_is_a_dead_letter_in_the_end(worker: Worker, hire: Callable[..., Worker]) -> None:
    other = hire(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    one = other.accept("AB12E3GH", "sovendus", shop="fr")
    worker.passes(48 * 3600)
    result = worker.attempt(one)
    assert isinstance(result, Buried)
    assert (result.error.reason, worker.state(one)) == ("gave_up", State.DEAD)


@pytest.mark.parametrize("redemption_id", ["", "nonsense", "uniqodo", "uniqodo:uk", "uniqodo:uk:1:NONE", "test:"])
def test_doorbells_that_mean_nothing_do_nothing(worker: Worker, redemption_id: str) -> None:
    assert isinstance(attempt(worker.runtime, "uniqodo", redemption_id), Nothing)


def test_another_partners_doorbell_leaves_a_redemption_alone(worker: Worker, sandbox: Sandbox) -> None:
    one = worker.accept("AB12E3GH", "uniqodo")
    assert attempt(worker.runtime, "sovendus", one) == Nothing("misdirected")
    assert (worker.state(one), sandbox.calls()) == (State.QUEUED, [])


@contextmanager
def refusing_port() -> Iterator[int]:
    """A port that nobody can listen on and that refuses connections."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


@contextmanager
def hangs_up(port: int) -> Iterator[list[int]]:
    """Stands in a stopped broker's place, cuts off whoever calls, and counts them."""
    cut_off: list[int] = []
    with socket.create_server(("127.0.0.1", port)) as listener:
        listener.settimeout(0.05)
        over = threading.Event()

        def serve() -> None:
            while not over.is_set():
                try:
                    connection, (_, caller) = listener.accept()
                except TimeoutError:
                    continue
                # A reset leaves nothing behind that would keep the port from the broker.
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                connection.close()
                cut_off.append(caller)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield cut_off
        finally:
            over.set()
            thread.join()


def test_a_yes_that_cannot_be_recorded_is_kept_until_the_broker_is_back(
    hire: Callable[..., Worker], sandbox: Sandbox, tmp_path: Path
) -> None:
    broker = EmbeddedValkey(tmp_path)
    broker.start()
    port = broker.port
    worker = hire(broker.url)
    one = worker.accept("AB12+SLOW@0.2")
    with ThreadPoolExecutor(1) as threads:
        result = threads.submit(worker.attempt, one)
        sandbox.wait_for_calls(1)
        broker.stop()
        with hangs_up(port) as cut_off:
            eventually(lambda: len(cut_off) > 1, what="the worker tries to record its yes")
        assert not result.done()
        with EmbeddedValkey(tmp_path, port):
            assert result.result(20) == Settled(State.REDEEMED)
            assert worker.state(one) is State.REDEEMED
            worker.redis.close()
    assert len(sandbox.calls()) == 1


def test_a_claim_while_the_broker_is_away_does_nothing_for_now(
    hire: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tasks.redeeming._PATIENCE_WITH_CLAIM", 0.2)
    with EmbeddedValkey(tmp_path) as broker:
        worker = hire(broker.url)
        one = worker.accept("AB12E3GH")
    assert worker.attempt(one) == Nothing("unavailable")
