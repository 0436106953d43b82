"""What tasks work with, built once per process from the settings: the ledger and a connection pool per partner."""

from __future__ import annotations

from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import structlog
from celery import Celery
from redis import Redis

from config.redaction import Redactor
from config.settings import Settings
from tasks.http_client import PartnerClient
from tasks.ledger import Ledger, LedgerLimits
from tasks.ledger.connection import CONNECTIONS
from tasks.partners import PARTNERS


class Runtime:
    """Settings, ledger and partner clients. Safe to share between threads."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.log: Any = structlog.get_logger("redeem.delivery")
        limits = LedgerLimits(settings.ledger.keep, settings.retry.give_up_after, settings.breaker)
        self.ledger = Ledger(connect(settings), settings.key_prefix, limits)
        self.redactor = Redactor(settings.secrets())
        self._clients = {name: _client(settings, name) for name in PARTNERS}

    def client(self, partner: str) -> PartnerClient:
        """The connections to that partner."""
        return self._clients[partner]


def connect(settings: Settings) -> Redis:
    """A client of the broker's Redis for everything but Celery's own traffic.

    Timeouts are short and health checks on, because a half-open connection would otherwise hang a worker for minutes.
    Each thread that works with the ledger keeps a connection of its own.
    """
    url = settings.broker_url.get_secret_value()
    return Redis.from_url(
        url,
        connection_class=CONNECTIONS[urlsplit(url).scheme],
        max_connections=4096,  # threads; redis-py's own limit of 100 is no limit that we need
        decode_responses=True,
        socket_timeout=5,
        socket_connect_timeout=2,
        health_check_interval=5,
    )


def _client(settings: Settings, partner: str) -> PartnerClient:
    endpoint = settings.endpoint(partner)
    return PartnerClient(
        endpoint.base_url, connect_timeout=endpoint.connect_timeout, call_timeout=endpoint.read_timeout
    )


class _WithRuntime(Protocol):
    runtime: Runtime


def runtime_of(app: Celery) -> Runtime:
    """The runtime that the composition root gave the app."""
    return cast("_WithRuntime", app).runtime
