"""What a shop does for Redeem: its own Celery, without any of our code, sends `orders.completed`."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from celery import Celery


def sender() -> Callable[[dict[str, Any]], object]:
    """`send_task` over one kept producer."""
    app = Celery("shop", broker=os.environ["RACE_REDIS"])
    app.conf.broker_transport_options = {"priority_steps": [0]}
    return lambda order: app.send_task("orders.completed", [order], queue="orders")
