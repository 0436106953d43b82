"""Celery's remote control: commands that would hold back or lose orders are refused, each with what to do instead.

`celery control`, Flower's buttons and its API send them, to all workers as a rule. A revoked task kept a redemption
back over restarts, and without a trace; a rate limit holds messages in a worker's memory, where no command shows them.
"""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any, Final

import structlog
from celery.worker.control import Panel

_NOT_REVOKED: Final = (
    "Redeem's tasks cannot be revoked: the ledger would enqueue them again. To hold an account's redemptions back use "
    "`redeem pause`, to give a dead letter up `redeem dead discard`."
)
_NO_RESIZING: Final = "the number of threads is set when a worker starts (--concurrency): start more workers instead."

REFUSED: Final[Mapping[str, str]] = {
    "revoke": _NOT_REVOKED,
    "terminate": _NOT_REVOKED,
    "revoke_by_stamped_headers": _NOT_REVOKED,
    "rate_limit": "messages would wait unseen in the workers' memory. To hold an account back use `redeem pause`.",
    "time_limit": "a thread cannot be ended. REDEEM_PARTNERS__<PARTNER>__READ_TIMEOUT bounds each call to a partner.",
    "pool_grow": _NO_RESIZING,
    "pool_shrink": _NO_RESIZING,
    "autoscale": _NO_RESIZING,
    "pool_restart": "threads cannot be restarted: restart the worker (SIGTERM waits for what is in flight).",
    "election": "Redeem's workers hold no elections.",
}
"""Command → why, and what to do instead."""

ALLOWED: Final[Mapping[str, str]] = {
    "add_consumer": "for Redeem's own queues only",
    "cancel_consumer": "messages wait in the queue until add_consumer or a restart; `redeem status` shows them",
    "shutdown": "a warm stop, as by SIGTERM",
    "enable_events": "for Flower only",
    "disable_events": "for Flower only",
    "heartbeat": "for Flower only",
    "hello": "reads, since Redeem's workers do not mingle; what it revokes is not heeded",
    **dict.fromkeys(
        ("active", "active_queues", "clock", "conf", "memdump", "memsample", "objgraph", "ping", "query_task"), "reads"
    ),
    **dict.fromkeys(("registered", "report", "reserved", "revoked", "scheduled", "stats"), "reads"),
}
"""Command → why it does no harm."""

log = structlog.get_logger("redeem.remote_control")


def refuse_harmful_commands() -> None:
    """Put the refusals into Celery's table of commands, in whose place they are listed as before."""
    for name in REFUSED:
        Panel.data[name] = functools.partial(_refuse, name)
    Panel.data["add_consumer"] = _add_consumer


def _refuse(command: str, _state: Any, **_arguments: Any) -> dict[str, str]:  # noqa: ANN401 - Celery's
    log.warning("control.refused", command=command, error=REFUSED[command])
    return {"error": f"{command} is refused: {REFUSED[command]}"}


def _add_consumer(state: Any, queue: str, **_options: Any) -> dict[str, str]:  # noqa: ANN401 - Celery's
    """Consume one of our queues again; a stranger's would be read kombu's way, where garbage ends the worker."""
    ours = [known.name for known in state.app.conf.task_queues]
    if queue not in ours:
        log.warning("control.refused", command="add_consumer", error="not a queue of Redeem's")
        return {"error": f"add_consumer is refused: the queues of Redeem's workers are {', '.join(ours)}."}
    state.consumer.call_soon(state.consumer.add_task_queue, queue)
    return {"ok": f"add consumer {queue}"}
