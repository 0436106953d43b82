"""Puts our pages into Flower, before its command makes the application. Called by Flower's configuration file."""

from __future__ import annotations

import socket
import sys
from typing import Any, Final
from urllib.parse import urlsplit

import flower.app
import flower.command
import flower.urls
from flower.api.control import TaskRevoke
from flower.events import EventsState
from flower.views.monitor import Metrics
from tornado.httputil import HTTPHeaders, HTTPServerRequest
from tornado.web import HTTPError, OutputTransform, RequestHandler, StaticFileHandler, authenticated, url
from typing_extensions import override

from config.values import is_loopback
from worker.flower_pages.acting import Act, Confirm
from worker.flower_pages.amended_templates import OUR_FILES, FlowerMovedError, loader
from worker.flower_pages.batch import BatchPage, StopBatch
from worker.flower_pages.broker import Broker, QueueLengths
from worker.flower_pages.current import BATCHES
from worker.flower_pages.dead_letters import DeadLetters
from worker.flower_pages.letter import Letter
from worker.flower_pages.overview import AccountPage, Overview
from worker.flower_tasks import DiscreetTask
from worker.remote_control import REFUSED

OPEN_TO_ALL: Final = (
    "Flower would listen on {where} without a login: whoever reaches it could discard and resend orders. "
    "Set REDEEM_FLOWER__BASIC_AUTH=user:password, or leave --address out."
)

_UNFRAMED: Final = {
    "Content-Security-Policy": "frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}


class GuardedMetrics(Metrics):
    """Flower's figures for Prometheus, which name workers and tasks: behind the login as everything else."""

    @authenticated
    async def get(self) -> None:
        """As Flower's."""
        await super().get()


class NoRevoking(TaskRevoke):
    """Flower's API for revoking, which would say that it did: nobody tells it that every worker refuses."""

    @authenticated
    async def post(self, taskid: str) -> None:  # noqa: ARG002 - as Flower's
        """Raises HTTPError."""
        raise HTTPError(403, REFUSED["revoke"])


class Elsewhere(RequestHandler):
    """What a stranger's name that leads here gets to see."""

    @override
    def check_xsrf_cookie(self) -> None:
        """Nothing is done in any case."""

    @override
    def prepare(self) -> None:
        """Raises HTTPError."""
        raise HTTPError(403, "Without REDEEM_FLOWER__BASIC_AUTH Flower is for http://localhost only")

    @override
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        self.set_header("Content-Type", "text/plain")
        self.finish(kwargs["exc_info"][1].log_message)


class Unframed(OutputTransform):
    """Nobody else's page may show one of Flower's in a frame, where an operator's click would be aimed at a button."""

    def __init__(self, request: HTTPServerRequest) -> None:
        """Of the request nothing matters."""

    @override
    def transform_first_chunk(
        self, status_code: int, headers: HTTPHeaders, chunk: bytes, finishing: bool
    ) -> tuple[int, HTTPHeaders, bytes]:
        for name, value in _UNFRAMED.items():
            if name not in headers:
                headers[name] = value
        return status_code, headers, chunk


class GuardedFlower(flower.app.Flower):
    """Flower, which does not listen to the world without a login, and lets batches end before it does.

    Without a login it is there for this machine only: not for a stranger's name that leads to it (DNS rebinding), with
    which a page in the operator's browser could read it and press its buttons.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - Flower's own
        super().__init__(*args, **kwargs)
        self.add_transform(Unframed)

    @override
    def find_handler(self, request: HTTPServerRequest, **kwargs: Any) -> Any:
        has_login = self.options.basic_auth or self.options.auth
        if not has_login and not is_loopback(urlsplit(f"//{request.host}").hostname or ""):
            return self.get_handler_delegate(request, Elsewhere)
        return super().find_handler(request, **kwargs)

    @override
    def start_http_server(self) -> Any:
        options = self.options
        if not (options.basic_auth or options.auth or options.unix_socket or is_private(options.address)):
            sys.exit(f"redeem: {OPEN_TO_ALL.format(where=options.address or 'all addresses')}")
        try:
            return super().start_http_server()
        except OSError as error:
            place = options.unix_socket or f"port {options.port}"
            sys.exit(f"redeem: Flower cannot listen on {place}: {error.strerror}. Set REDEEM_FLOWER__PORT to another.")

    @override
    def stop(self) -> None:
        BATCHES.stop()
        super().stop()


def install() -> None:
    """Our pages, templates and guards.

    Raises FlowerMovedError where this Flower is not one that they fit into.
    """
    settings = flower.urls.settings
    if "template_loader" in settings:
        return
    templates = loader(settings["template_path"])
    templates.check()
    _check_handlers()
    settings["template_loader"] = templates
    flower.urls.handlers[:0] = _handlers()
    flower.command.Flower = GuardedFlower
    EventsState.Task = DiscreetTask  # Celery's own place for another class


def is_private(address: str) -> bool:
    """Whether all that an address to listen on stands for is this machine only; an empty one stands for the world."""
    try:
        found = {str(place[0]) for *_, place in socket.getaddrinfo(address or None, None)} if address else set()
    except OSError:
        return False  # Flower says what is wrong with it
    return bool(found) and all(map(is_loopback, found))


def _handlers() -> list[url]:
    return [
        url(r"/overview", Overview, name="overview"),
        url(r"/overview/account", AccountPage, name="account"),
        url(r"/dead-letters", DeadLetters, name="dead-letters"),
        url(r"/dead-letters/letter", Letter, name="letter"),
        url(r"/dead-letters/confirm", Confirm, name="confirm"),
        url(r"/dead-letters/act", Act, name="act"),
        url(r"/dead-letters/batch", BatchPage, name="batch"),
        url(r"/dead-letters/batch/stop", StopBatch, name="stop-batch"),
        url(r"/our-files/(.*)", StaticFileHandler, {"path": str(OUR_FILES)}, name="our-file"),
        url(r"/broker", Broker),
        url(r"/api/queues/length", QueueLengths),
        url(r"/api/task/revoke/(.+)", NoRevoking),
        url(r"/metrics", GuardedMetrics),
    ]


def _check_handlers() -> None:
    """Whether Flower's own are where ours take their place."""
    patterns = {one.regex.pattern.rstrip("$") if isinstance(one, url) else one[0] for one in flower.urls.handlers}
    ours = {"/broker", "/api/queues/length", "/api/task/revoke/(.+)", "/metrics"}
    if missing := ours - patterns:
        raise FlowerMovedError(f"Flower has no {', '.join(sorted(missing))} any more")
    if not issubclass(getattr(flower.command, "Flower", object), flower.app.Flower):
        raise FlowerMovedError("Flower's command makes its application in another way")
