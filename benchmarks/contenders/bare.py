"""No queue at all: 64 threads, each of which takes an event off a list, does the job, and takes the next.

What a kill finds in a thread's hands is lost, and what fails is only logged.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from typing import Any, Final

import redis

from benchmarks.contenders.job import REDIS_URL, redeem

_LIST: Final = "jobs"
_THREADS: Final = 64


def sender() -> Callable[[dict[str, Any]], object]:
    """RPUSH."""
    client = redis.Redis.from_url(REDIS_URL)
    return lambda order: client.rpush(_LIST, json.dumps(order))


def _work() -> None:
    client = redis.Redis.from_url(REDIS_URL)
    while True:
        if taken := client.blpop([_LIST], timeout=1):
            try:
                redeem(json.loads(taken[1]))
            except Exception:
                logging.getLogger(__name__).exception("lost")


if __name__ == "__main__":
    for _ in range(_THREADS):
        threading.Thread(target=_work).start()
