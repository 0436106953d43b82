"""The job of all contenders that block: as one writes it with `requests`, a session a thread."""

from __future__ import annotations

import os
import threading
from typing import Any, Final

import redis
import requests

from benchmarks.contenders.order import RESULTS, partner_call

REDIS_URL: Final = os.environ["RACE_REDIS"]
_PARTNER: Final = os.environ["RACE_PARTNER"] + "/redeem/4711"
_mine = threading.local()
_redis = redis.Redis.from_url(REDIS_URL)


def redeem(order: dict[str, Any]) -> None:
    """Check, call, record."""
    body = partner_call(order)
    if not hasattr(_mine, "session"):
        _mine.session = requests.Session()
    answer = _mine.session.post(_PARTNER, data=body, headers={"Content-Type": "application/json"}, timeout=15)
    answer.raise_for_status()
    if answer.json()["message"] != "Coupon redemption received.":
        raise ValueError("not understood")
    _redis.hset(RESULTS, order["order_id"], answer.status_code)
