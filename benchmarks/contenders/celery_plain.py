"""Celery as its "First Steps" show it: prefork, as many processes as cores, nothing set but that results are not kept.

What is in hand when a worker is killed was acknowledged when it was taken, and is lost; what was only prefetched comes
back after an hour. Retries are written into the task.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from celery import Celery

from benchmarks.contenders import job

app = Celery("celery_plain", broker=job.REDIS_URL)
app.conf.task_ignore_result = True  # the job records its own


@app.task
def redeem(order: dict[str, Any]) -> None:
    """One job."""
    job.redeem(order)


def sender() -> Callable[[dict[str, Any]], object]:
    """`delay`."""
    return redeem.delay
