"""Dead letters that are no redemptions: an event that is not valid, under an id of its own for each occurrence."""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Mapping
from typing import Final

from tasks.invalid_event import InvalidEvent
from tasks.ledger.record import SCHEMA_VERSION
from tasks.masking import mask_event
from tasks.runtime import Runtime

REASON: Final = "invalid_event"


def bury_event(runtime: Runtime, event: object, error: InvalidEvent) -> str:
    """Keep an invalid event, without its personal data, as a dead letter; returns its id.

    Raises redis.RedisError; nothing is kept then.
    """
    masked = mask_event(event)
    letter_id = f"event:{uuid.uuid4()}"
    now = int(time.time() * 1000)
    fields = {
        "v": SCHEMA_VERSION,
        "state": "dead",
        "reason": REASON,
        "error_message": str(error),
        "accepted_at": str(now),
        "died_at": str(now),
        "raw": json.dumps(masked, ensure_ascii=False),
        "order_id": _scalar(masked, "order_id"),
        "shop": _scalar(masked, "shop"),
    }
    ledger = runtime.ledger
    with ledger.redis.pipeline(transaction=True) as pipeline:
        pipeline.hset(ledger.key("redemption", letter_id), mapping={k: v for k, v in fields.items() if v is not None})
        pipeline.zadd(ledger.key("dead"), {letter_id: now})
        pipeline.execute()
    runtime.log.warning("event.invalid", id=letter_id, error=str(error))
    return letter_id


def _scalar(event: object, name: str) -> str | None:
    """A field's value where the event has one that is readable, for the operator's tables."""
    value = event.get(name) if isinstance(event, Mapping) else None
    return str(value)[:128] if isinstance(value, str | int) and not isinstance(value, bool) else None
