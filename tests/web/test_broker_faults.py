"""A broker that takes no writes: 503 that says what that means, never a 202, and well again by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager

import pytest
from redis import Redis

from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.web.conftest import event, serving
from tests.web.test_orders import journaled
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import free_port

Fault = Callable[[EmbeddedValkey], AbstractContextManager[None]]
FAULTS: list[Fault] = [
    broker_faults.memory_full,
    broker_faults.read_only,
    broker_faults.disk_full,
    broker_faults.denied,
    broker_faults.killed,
]


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path_factory.mktemp("broken")) as server:
        yield server


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_what_redis_does_not_take_is_not_promised(broker: EmbeddedValkey, fault: Fault) -> None:
    order, key = event(fault.__name__), {"Idempotency-Key": fault.__name__}
    with serving(broker.url) as web:
        assert web.post("/orders", event("before")).status_code == 202
        with fault(broker):
            for headers in ({}, key):
                answer = web.post("/orders", order, headers=headers)
                assert (answer.status_code, int(answer.headers["Retry-After"]) > 0) == (503, True)
                assert answer.json()["type"] == "urn:redeem:problem:unavailable"
                assert "not known to be journaled" in answer.json()["detail"]
                assert broker.url not in answer.text
            assert web.get("/healthz").status_code == 200
        with Redis.from_url(broker.url, decode_responses=True) as redis:
            assert not [id_ for id_ in journaled(redis) if fault.__name__ in id_]
            eventually(lambda: web.post("/orders", order, headers=key).status_code == 202)
            assert f"sovendus:uk:{fault.__name__}:SKD1" in journaled(redis)


def test_without_a_broker_what_is_not_valid_is_still_refused_and_what_cannot_be_told_is_said() -> None:
    with serving(f"redis://127.0.0.1:{free_port()}") as web:
        assert web.post("/orders", {}).status_code == 422
        answer = web.get("/redemptions/x")
        assert (answer.status_code, answer.json()["detail"]) == (503, "Redis cannot be reached. Ask again later.")
