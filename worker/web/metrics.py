"""What a door tells Prometheus: the requests it answered, how long that took, and what became of the events in them.

The ledger's figures, money among them, are not told here: this port faces the shops, and they are on the workers' port.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from config.values import is_loopback
from worker.web.problems import Problem

if TYPE_CHECKING:
    from worker.web.door import Door  # which imports this

_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20)
_FORWARDED: Final = ("forwarded", "x-forwarded-", "x-real-ip", "via")
"""What a proxy's headers begin with; some send no more than X-Forwarded-Proto."""

router = APIRouter(include_in_schema=False)


class WebMetrics:
    """The counters of this process. For any thread."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "redeem_web_requests", "Requests answered.", ("route", "method", "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "redeem_web_request_seconds",
            "From a request's head to its answer's end.",
            ("route",),
            buckets=_BUCKETS,
            registry=self.registry,
        )
        self.in_flight = Gauge("redeem_web_in_flight", "Requests under way.", registry=self.registry)
        self.ready = Gauge(
            "redeem_web_ready",
            "Whether Redis takes orders, as of this scrape.",
            registry=self.registry,
        )
        self._events = Counter("redeem_web_events", "Events journaled.", ("shop",), registry=self.registry)
        self._invalid = Counter(
            "redeem_web_invalid", "Webhooks kept as dead letters, no orders.", ("shop",), registry=self.registry
        )
        self._refused = Counter(
            "redeem_web_refused", "Requests refused, by why.", ("shop", "why"), registry=self.registry
        )

    def accepted(self, shop: str, count: int = 1) -> None:
        """So many events of the shop, which must be one that is configured, are journaled."""
        self._events.labels(shop).inc(count)

    def invalid(self, shop: str) -> None:
        """A webhook of the shop's is authentic and no valid order: it was kept as a dead letter."""
        self._invalid.labels(shop).inc()

    def refused(self, shop: str, why: str) -> None:
        """A request was refused, and nothing of it taken: a configured shop, or empty where it is not known; `why` is
        a problem's kind.
        """
        self._refused.labels(shop, why).inc()

    def answered(self, route: str, method: str, status: int, seconds: float) -> None:
        """One request came to its end: a route's template and one of the known methods, never what a stranger wrote.

        A status of 0: whoever asked went away.
        """
        self._requests.labels(route, method, str(status or "none")).inc()
        self._seconds.labels(route).observe(seconds)

    def exposition(self) -> bytes:
        """All of it in Prometheus' text format."""
        return generate_latest(self.registry)


@router.get("/metrics")
async def metrics(request: Request) -> Response:
    """The door's figures, for this machine and for whoever has the token. Raises Problem."""
    door: Door = request.app.state.door
    token = door.settings.web.metrics_token
    _admit(request, token.get_secret_value() if token else "")
    door.metrics.ready.set(not await door.readiness.why_not())
    return Response(door.metrics.exposition(), media_type=CONTENT_TYPE_LATEST)


def _admit(request: Request, token: str) -> None:
    """Raises Problem where neither the peer is this machine nor the request has the token, if there is one."""
    if _is_from_here(request):
        return
    if not token:
        raise Problem(403, "Not for you", "Metrics are told to this machine only, unless a token is set for them.")
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise Problem(
            401, "Not without the token", "Metrics want a bearer token.", headers={"WWW-Authenticate": "Bearer"}
        )


def _is_from_here(request: Request) -> bool:
    """Whether a program of this machine asks for itself, and not a proxy for somebody else. Not every proxy says that
    it is one: so the name that was asked for must be this machine's, too.
    """
    return (
        request.client is not None
        and is_loopback(request.client.host)
        and is_loopback(_asked_for(request))
        and not any(name.startswith(_FORWARDED) for name in request.headers)
    )


def _asked_for(request: Request) -> str:
    """The host's name in the Host header; empty where there is none that can be read."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""
