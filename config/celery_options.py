"""Celery's options, each with the reason why it is not the default.

Measured against celery and kombu 5.7 on Redis; look again when they move.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from kombu import Queue

from config.broker import kombu_url
from config.settings import Settings

CONCURRENCY: Final = 56
"""Threads of a worker: 11 for the intake and 45 for calls to partners, of which one may have 33. So two worker
processes have 64 calls to a partner in flight, which at 200 ms each are 320 a second."""


def celery_options(settings: Settings, *, orders: str, partners: Iterable[str]) -> Mapping[str, Any]:
    """The options for the app that consumes the `orders` queue and one queue per partner."""
    names = (orders, *partners)
    return {
        "broker_url": kombu_url(settings.broker_url.get_secret_value()),
        "broker_transport_options": _TRANSPORT,
        # Retried for ever, at start-up too: a worker that outlives its broker's restart needs no supervisor.
        "broker_connection_retry_on_startup": True,
        "broker_connection_max_retries": None,
        # A read-only replica after a failover is an error of the channel; without this the worker exits.
        "broker_channel_error_retry": True,
        # The default queue is named `celery`; nobody should feed or consume a queue nobody looks at.
        "task_queues": [Queue(name, routing_key=name) for name in names],
        "task_default_queue": orders,
        # The anonymous exchange: kombu then keeps no table of bindings, and asks Redis for none with every ring. A
        # Redis without memory to spare would refuse to write it, and no worker could start.
        "task_default_exchange": "",
        # A typing error in a queue's name is an error, not a new queue.
        "task_create_missing_queues": False,
        "imports": ("tasks.order_task", "tasks.partner_tasks"),
        # Nobody reads results: the ledger is the truth. Writing them doubles a job's cost.
        "task_ignore_result": True,
        "task_store_errors_even_if_ignored": False,
        # JSON only: pickle would let whoever can write to Redis run code here.
        "accept_content": ["json"],
        "task_serializer": "json",
        # Waiting for HTTP is what the job does. Threads stop warm in a moment; prefork took half a minute and doubled.
        "worker_pool": "threads",
        "worker_concurrency": CONCURRENCY,
        # What is in hand is in a thread's hands; more would only wait there, where a stop has to give it back. The
        # next messages are there as soon as one is done with: they come several at once.
        "worker_prefetch_multiplier": 1,
        # Flower lives from these.
        "worker_send_task_events": True,
        # Ours is a root logger of structlog's; see config.logs.
        "worker_hijack_root_logger": False,
        "worker_redirect_stdouts": False,
        # Celery's own takes half a minute to come back, and at times does not survive to do so.
        "worker_consumer": "worker.consumer:Consumer",
        # What a worker had in hand when the connection broke is in the ledger; it need not start over slowly.
        "worker_enable_prefetch_count_reduction": False,
        # On a lost connection Celery would mark running calls as revoked; they are claimed, and finish.
        "worker_cancel_long_running_tasks_on_connection_loss": False,
        # No result or order waits for this; UTC everywhere.
        "enable_utc": True,
        "timezone": "UTC",
    }


_TRANSPORT: Final = {
    # Half-open connections hung worker and producer for more than a minute without these.
    "socket_timeout": 5,
    "socket_connect_timeout": 2,
    "health_check_interval": 5,
    # kombu's pool of 10 makes acks fail when more is in flight.
    "max_connections": 256,
    # How often a worker gives a sign of life for what it has in hand, in seconds; see worker/transport/bookings.py.
    "unacked_restore_interval": 2,
    # One list per queue instead of four: no priorities here.
    "priority_steps": [0],
}
