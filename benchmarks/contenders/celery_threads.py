"""Celery with what settings alone can do for calls that wait: 64 threads, one list a queue, no gossip, no events.

Loses and repeats as plain Celery does.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery

from benchmarks.contenders import job

app = Celery("celery_threads", broker=job.REDIS_URL)
app.conf.update(
    broker_transport_options={"priority_steps": [0]},
    task_default_exchange="",
    task_ignore_result=True,
    worker_concurrency=64,
    worker_disable_rate_limits=True,
    worker_enable_remote_control=False,
    worker_pool="threads",
)


@app.task
def redeem(order: dict[str, Any]) -> None:
    """One job."""
    job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """`delay`."""
    return redeem.delay
