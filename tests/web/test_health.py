"""What the platform asks: does the door answer, and would it take an order now?"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
import requests
from redis import Redis

from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.web.conftest import Web, serving
from worker.dev.broker import EmbeddedValkey
from worker.dev.ports import free_port

Fault = Callable[[EmbeddedValkey], AbstractContextManager[None]]


def ready(web: Web) -> requests.Response:
    """The answer to a probe, which has no token."""
    return web.get("/readyz", token=None)


def test_a_door_whose_redis_takes_writes_is_ready(here: Web, redis: Redis) -> None:
    for path in ("/healthz", "/readyz"):
        answer = here.get(path, token=None)
        assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
        assert here.request("HEAD", path, token=None).status_code == 200
    assert 0 < redis.ttl("redeem:ready") <= 60


def test_asking_often_costs_redis_nothing(here: Web, redis: Redis) -> None:
    redis.config_resetstat()
    for _ in range(20):
        assert ready(here).status_code == 200
    assert redis.info("commandstats")["cmdstat_set"]["calls"] <= 10


@pytest.mark.parametrize(
    ("fault", "why"),
    [
        (broker_faults.memory_full, "Redis has no memory to spare"),
        (broker_faults.read_only, "Redis is a replica, or changes its master"),
        (broker_faults.disk_full, "Redis cannot write to its disk"),
        (broker_faults.held_still, "Redis does not answer"),
    ],
)
def test_one_whose_redis_takes_no_writes_is_well_but_not_ready(
    here: Web, valkey: EmbeddedValkey, fault: Fault, why: str
) -> None:
    with fault(valkey):
        answer = ready(here)
        assert answer.status_code == 503
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert answer.headers["Retry-After"]
        assert answer.json()["detail"] == f"No orders can be taken now: {why}."
        assert "127.0.0.1" not in answer.text
        assert here.get("/healthz", token=None).status_code == 200


def test_it_becomes_ready_and_unready_as_redis_comes_and_goes(here: Web, valkey: EmbeddedValkey) -> None:
    assert ready(here).status_code == 200
    with broker_faults.killed(valkey):
        eventually(lambda: ready(here).status_code == 503, what="not ready")
    eventually(lambda: ready(here).status_code == 200, what="ready again")


def test_without_redis_from_the_start(broker_url: str) -> None:
    del broker_url
    with serving(f"redis://door:passw0rd@127.0.0.1:{free_port()}/0") as web:
        answer = ready(web)
        assert (answer.status_code, "cannot be reached" in answer.text) == (503, True)
        assert "passw0rd" not in answer.text


def test_a_user_who_may_not_write_is_told_apart_from_an_outage(broker_url: str, redis: Redis) -> None:
    redis.acl_setuser("looker", enabled=True, nopass=True, keys=["*"], commands=["+ping", "+client"])
    try:
        with serving(broker_url.replace("://", "://looker:any@")) as web:
            assert "does not allow the door's user that" in ready(web).text
    finally:
        redis.acl_deluser("looker")
