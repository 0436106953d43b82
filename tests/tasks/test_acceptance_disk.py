"""Redis says yes also to what it cannot write, in the moment when its disk fills up; no door does."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest
from celery import Celery

from tasks.acceptance import accept
from tasks.persistence import NotNow
from tasks.runtime import Runtime
from tests.acceptance.kit import broker_faults
from tests.tasks import examples
from worker.dev.broker import EmbeddedValkey


def test_an_order_that_redis_could_not_write_is_not_accepted(tmp_path: Path) -> None:
    with EmbeddedValkey(tmp_path / "broker") as server:
        runtime = Runtime(examples.settings(BROKER_URL=server.url))

        def accepted(number: str) -> str:
            return accept(Celery(), runtime, examples.order(order_id=number), patience=0.5).opened[0].result

        assert accepted("1") == "ring"
        assert server.pid is not None
        (file,) = broker_faults.files(server)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (file.stat().st_size, resource.RLIM_INFINITY))
        with pytest.raises(NotNow, match="MISCONF"):
            accepted("2")
        with broker_faults.killed(server):
            pass
        assert [accepted("1"), accepted("2")] == ["duplicate", "ring"]
        runtime.ledger.redis.close()
