"""The worker's port for Prometheus, where one is set: `GET /metrics`."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final
from wsgiref.simple_server import WSGIRequestHandler

import structlog
from celery import bootsteps
from prometheus_client import start_http_server
from typing_extensions import override

from config.settings import Settings
from tasks.runtime import runtime_of
from worker.metrics.collector import registry_of

_JOIN: Final = 2.0  # seconds
_IDLE: Final = 30.0  # seconds that a connection may say nothing: each has a thread

log = structlog.get_logger("redeem.metrics")


class Request(WSGIRequestHandler):
    """One scrape, in a thread of its own; who connects and says nothing is not waited for."""

    timeout = 30.0

    @override
    def handle(self) -> None:
        with suppress(TimeoutError, ConnectionError):  # whoever asked does not wait for the answer
            super().handle()

    @override
    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a scrape is no news."""


class MetricsEndpoint(bootsteps.StartStopStep):
    """Listens from the worker's start to its stop. A port in use is said, and the worker works without."""

    requires = ("celery.worker.components:Pool",)

    def __init__(self, parent: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Celery's own signature
        super().__init__(parent, **kwargs)
        self._server: Any = None
        self._thread: Any = None

    def include_if(self, parent: Any) -> bool:  # noqa: ANN401 - as above
        """Only where a port is set."""
        return self._settings(parent).metrics.port is not None

    def start(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Begin to listen."""
        wanted = self._settings(parent).metrics
        where = f"{wanted.address}:{wanted.port}"
        try:
            self._server, self._thread = start_http_server(
                wanted.port or 0, wanted.address, registry_of(runtime_of(parent.app))
            )
        except OSError as error:  # several workers on one machine: any one of them tells it all
            log.warning("metrics.port_taken", address=where, error=str(error))
        else:
            self._server.RequestHandlerClass = Request
            log.info("metrics.listening", url=f"http://{where}/metrics")

    def stop(self, parent: Any) -> None:  # noqa: ANN401, ARG002 - as above
        """Listen no more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._thread.join(timeout=_JOIN)
            self._server = None

    def terminate(self, parent: Any) -> None:  # noqa: ANN401 - as above
        """Stop at once."""
        self.stop(parent)

    @staticmethod
    def _settings(parent: Any) -> Settings:  # noqa: ANN401 - as above
        settings: Settings = parent.app.settings
        return settings
