"""What Prometheus reads: parsed by its own parser, from a real ledger."""

from __future__ import annotations

import math
import os
import signal
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families
from redis import Redis
from structlog.testing import capture_logs

from tasks.acceptance import accept
from tasks.errors import Rejected, Unanswered
from tasks.intake import account_of
from tasks.ledger import Claim, State
from tasks.partners.base import Receipt
from tasks.standing.append_only_file import DiskWatch
from tests.acceptance.kit import broker_faults
from tests.tasks import examples
from tests.worker.apps import running
from worker.composition import RedeemApp
from worker.dev.broker import EmbeddedValkey
from worker.metrics import exposition
from worker.metrics.collector import LedgerCollector, registry_of

HERE = {"partner": "sovendus", "shop": "uk"}


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    with running(broker_url) as made:
        yield made


def scraped(app: RedeemApp) -> dict[str, list[tuple[Mapping[str, str], float]]]:
    """Metric → its samples."""
    found: dict[str, list[tuple[Mapping[str, str], float]]] = {}
    for family in text_string_to_metric_families(exposition(app.runtime).decode()):
        for sample in family.samples:
            found.setdefault(sample.name, []).append((sample.labels, sample.value))
    return found


def value(app: RedeemApp, name: str, **labels: str) -> float:
    (only,) = (number for has, number in scraped(app)[name] if labels.items() <= has.items())
    return only


def opened(app: RedeemApp, *codes: str, **changes: object) -> list[str]:
    order = examples.order(coupons=[{"code": code} for code in codes], **changes)
    return [one.id for one in accept(app, app.runtime, order).opened]


def claimed(app: RedeemApp, redemption_id: str) -> Claim:
    partner, shop, *_ = redemption_id.split(":")
    account = account_of(app.settings, partner, shop)[0]
    return app.runtime.ledger.claim(redemption_id, account, owner=f"owner of {redemption_id}", lease=30)


def settle(app: RedeemApp, redemption_id: str, state: State = State.REDEEMED, ms: int = 40) -> None:
    entry = {"outcome": state.value, "ms": ms}
    app.runtime.ledger.settle(redemption_id, claimed(app, redemption_id), state, Receipt(200), entry)


def bury(app: RedeemApp, redemption_id: str) -> None:
    error = Rejected("Uniqodo 204: not recognised", code="204", status=200)
    app.runtime.ledger.bury(redemption_id, claimed(app, redemption_id), error, {"outcome": "dead", "ms": 60})


def test_an_empty_ledger_tells_of_every_configured_account(app: RedeemApp) -> None:
    assert value(app, "redeem_broker_up") == 1
    assert {(has["partner"], has["shop"]) for has, _ in scraped(app)["redeem_accepted_total"]} == {
        ("sovendus", "de"), ("sovendus", "uk"), ("uniqodo", "uk"),
    }  # fmt: skip
    assert value(app, "redeem_redemptions_total", outcome="redeemed", **HERE) == 0, "a rate needs a zero to start from"


def test_what_happened_is_counted(app: RedeemApp) -> None:
    one, two, three, four = opened(app, "A", "B", "C", "D")
    settle(app, one)
    settle(app, two, State.PRESUMED)
    bury(app, three)
    app.runtime.ledger.park(four, claimed(app, four), Unanswered("HTTP 503"), 900, {"outcome": "transient", "ms": 70})
    assert value(app, "redeem_accepted_total", **HERE) == 4
    assert value(app, "redeem_redemptions_total", outcome="presumed", **HERE) == 1
    assert value(app, "redeem_died_total", reason="rejected", code="204", **HERE) == 1
    assert value(app, "redeem_calls_total", outcome="transient", **HERE) == 1
    assert value(app, "redeem_waiting", state="retrying", **HERE) == 1
    assert value(app, "redeem_dead", reason="rejected", code="204", **HERE) == 1
    assert value(app, "redeem_last_success_timestamp_seconds", **HERE) > 1.7e9


def test_buckets_are_cumulative_and_in_seconds(app: RedeemApp) -> None:
    one, two, three = opened(app, "A", "B", "C")
    settle(app, one, ms=40)
    settle(app, two, ms=90)
    settle(app, three, ms=99_000)
    buckets = {
        float(has["le"]): number
        for has, number in scraped(app)["redeem_call_seconds_bucket"]
        if HERE.items() <= has.items()
    }
    assert (buckets[0.05], buckets[0.1], buckets[math.inf]) == (1, 2, 3)
    assert value(app, "redeem_call_seconds_count", **HERE) == 3
    assert value(app, "redeem_call_seconds_sum", **HERE) == pytest.approx(99.13)
    assert value(app, "redeem_lag_seconds_count", **HERE) == 3


def test_money_by_account_and_an_order_once_in_all(app: RedeemApp) -> None:
    code = {"code": "UQ", "provenance": "uniqodo", "validation_key": "f"}
    accept(app, app.runtime, examples.order(coupons=[{"code": "A"}, {"code": "B"}, code]))
    assert value(app, "redeem_money_waiting", currency="GBP", **HERE) == 219.99
    assert value(app, "redeem_money_waiting", currency="GBP", partner="uniqodo") == 219.99
    assert value(app, "redeem_money_waiting_in_all", currency="GBP") == 219.99


def test_an_account_is_in_one_state_of_its_breaker(app: RedeemApp) -> None:
    app.runtime.ledger.pause(account_of(app.settings, "sovendus", "uk")[0])
    states = {has["state"]: number for has, number in scraped(app)["redeem_breaker"] if HERE.items() <= has.items()}
    assert states == {"closed": 0, "half-open": 0, "open": 0, "refused": 0, "paused": 1}


def test_what_lies_in_the_queues_and_what_was_paged_is_told(app: RedeemApp, redis: Redis) -> None:
    redis.lpush("orders", "one", "two")
    redis.hset("redeem:pages", "no_success|sovendus:uk", 3)
    assert value(app, "redeem_queue_messages", queue="orders") == 2
    assert value(app, "redeem_pages_total", page="no_success", account="sovendus:uk") == 3


def test_a_hostile_reason_cannot_break_the_format(app: RedeemApp) -> None:
    ledger = app.runtime.ledger
    ledger.keep("event:1", {"reason": 'no"\n# TYPE x\\', "error_code": "", "raw_as": "text"}, "{}")
    assert value(app, "redeem_dead", reason='no"\n# TYPE x\\') == 1


def test_a_broker_that_is_away_is_told_not_raised() -> None:
    with running("redis://127.0.0.1:1/0") as app:
        told = scraped(app)
    assert told["redeem_broker_up"] == [({}, 0.0)]
    assert set(told) == {"redeem_broker_up", "redeem_info"}


def test_those_who_ask_a_broker_that_hangs_wait_together(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as broker, running(broker.url) as app, ThreadPoolExecutor() as pool:
        registry = registry_of(app.runtime)
        assert b"redeem_broker_up 1.0" in generate_latest(registry)
        assert broker.pid is not None
        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with capture_logs() as said:
                told = list(pool.map(lambda _: generate_latest(registry), range(5)))
        finally:
            os.kill(broker.pid, signal.SIGCONT)
        assert all(b"redeem_broker_up 0.0" in one for one in told)
        assert [one["event"] for one in said] == ["metrics.broker_away"], "one of them waited for Redis"
        assert b"redeem_broker_up 1.0" in generate_latest(registry)


def test_what_waits_is_looked_at_again_only_after_a_while(app: RedeemApp) -> None:
    collector = LedgerCollector(app.runtime)
    list(collector.collect())
    opened(app, "A")
    told = {
        sample.name: sample.value for family in collector.collect() for sample in family.samples if not sample.labels
    }
    assert told["redeem_survey_age_seconds"] > 0
    waiting = next(family for family in collector.collect() if family.name == "redeem_waiting")
    assert sum(sample.value for sample in waiting.samples) == 0, "the survey of before"
    accepted = next(family for family in collector.collect() if family.name == "redeem_accepted")
    assert sum(sample.value for sample in accepted.samples) == 1, "counters are of now"


def test_a_file_that_is_to_be_written_anew(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path) as server, running(server.url) as app:
        assert value(app, "redeem_broker_rewrite_needed") == 0
        with broker_faults.disk_was_full(server):
            assert value(app, "redeem_broker_up") == 1, "it can be read"
            assert value(app, "redeem_broker_rewrite_needed") == 1
        assert value(app, "redeem_broker_rewrite_needed") == 1
        DiskWatch(app.runtime.ledger).keep()  # as the worker on duty does
        broker_faults.rewrite(server)
        assert value(app, "redeem_broker_rewrite_needed") == 0
