"""A message as it is handed to a worker's threads: checked as `envelope.py` says, its arguments read once. Pure.

What `read_message` makes of a message is a message again, and Celery would read its body anew. Here it is read already.
A doorbell spelled as the ledger spells it needs no JSON parsed at all.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, NamedTuple

from kombu.utils.json import loads as celery_loads

from tasks.doorbell import read_doorbell, task_name
from tasks.messages.body import write_body
from tasks.messages.envelope import read_parts


class Arrival(NamedTuple):
    """A message in good order: `headers` and `properties` as message protocol 2 has them, and what its body says."""

    headers: dict[str, Any]
    properties: dict[str, Any]
    args: list[Any]
    kwargs: dict[str, Any]
    follows: dict[str, Any]
    """Callbacks, errbacks, chain and chord; each None where there is none."""


def read_arrival(raw: bytes, *, queue: str, known: Collection[str]) -> Arrival:
    """The message in `raw`, taken off the list `queue`: the same as `read_message` makes of it.

    Raises UnreadableMessage or UnknownTask, which name the defect and quote nothing.
    """
    return _doorbell(raw, queue, known) or _careful(raw, queue, known)


def _doorbell(raw: bytes, queue: str, known: Collection[str]) -> Arrival | None:
    found = read_doorbell(raw)
    if found is None or (task := task_name(found.partner)) not in known:
        return None
    headers = {
        "task": task,
        "id": found.task_id,
        "lang": "py",
        "retries": found.retries,
        "argsrepr": repr((found.redemption_id,)),
        "kwargsrepr": "{}",
    }
    properties = {
        "delivery_tag": found.delivery_tag,
        "delivery_info": {"exchange": "", "routing_key": queue},
    }
    return Arrival(headers, properties, [found.redemption_id], {}, dict(_NOTHING))


_NOTHING = dict.fromkeys(("callbacks", "errbacks", "chain", "chord"))


def _careful(raw: bytes, queue: str, known: Collection[str]) -> Arrival:
    parts = read_parts(raw, queue=queue, known=known)
    args, kwargs, follows = parts.args, parts.kwargs, parts.follows
    if parts.may_hold_types:
        args, kwargs, follows = celery_loads(write_body(args, kwargs, follows))
    return Arrival(parts.headers, parts.properties, args, kwargs, follows)
