"""A message as it is handed to a worker's threads: checked as `envelope.py` says, its arguments read once. Pure.

A job message spelled as the ledger spells it needs no JSON parsed at all.
"""

from __future__ import annotations

from collections.abc import Collection

from tasks.doorbell import read_doorbell, task_name
from tasks.messages.envelope import Arrival, read_with_care

__all__ = ["Arrival", "read_arrival"]


def read_arrival(raw: bytes, *, queue: str, known: Collection[str]) -> Arrival:
    """The message in `raw`, taken off the list `queue`: the same as `read_with_care` makes of it.

    Raises UnreadableMessage or UnknownTask, which name the defect and quote nothing.
    """
    return _doorbell(raw, queue, known) or read_with_care(raw, queue=queue, known=known)


def _doorbell(raw: bytes, queue: str, known: Collection[str]) -> Arrival | None:
    found = read_doorbell(raw)
    if found is None or (task := task_name(found.partner)) not in known:
        return None
    headers = {
        "task": task,
        "id": found.task_id,
        "retries": found.retries,
        "argsrepr": repr((found.redemption_id,)),
        "kwargsrepr": "{}",
    }
    properties = {
        "delivery_tag": found.delivery_tag,
        "delivery_info": {"exchange": "", "routing_key": queue},
    }
    return Arrival(headers, properties, [found.redemption_id], {})
