"""What every request passes: how many there may be at once, headers of the answer, its one line in the log, and the
last resort for what nobody expected.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from worker.web.metrics import WebMetrics
from worker.web.problems import Problem, busy

MOST_AT_ONCE: Final = 128
"""Requests that are not answered yet; the next one is sent away at once, before anything is read of it."""
_LONGEST_URL: Final = 16 * 1024  # bytes; the longest id, all of it percent-encoded, is shorter
_LARGEST_HEAD: Final = 32 * 1024  # bytes
_LENGTHS: Final = frozenset({b"content-length", b"transfer-encoding"})
_HEADERS: Final = ((b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"))
_PROBES: Final = frozenset({"/healthz", "/readyz", "/metrics"})
"""Asked by the platform every few seconds: let in however much there is to do, and no news."""

log = structlog.get_logger("redeem.web")


class Gate:
    """ASGI middleware, the outermost."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._in_hand = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answers one request, whatever happens."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        metrics: WebMetrics = scope["app"].state.door.metrics
        answer = _Answer(send, partial(self._count, metrics, -1))
        began = time.monotonic()
        # The server leaves out the body of an answer to HEAD.
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope
        self._count(metrics, 1)
        try:
            await (self._refusal(scope) or self._app)(inner, receive, answer)
        except ClientDisconnect:
            pass  # nobody is there to be answered
        except Exception as error:  # noqa: BLE001 - whatever it is: the caller gets an answer, and the log the rest
            await self._unexpected(error, inner, receive, answer)
        finally:
            if not answer.status:
                self._count(metrics, -1)
            seconds = time.monotonic() - began
            metrics.answered(_route(inner), _method(scope), answer.status, seconds)
            _tell(scope, inner, answer.status, seconds)

    def _count(self, metrics: WebMetrics, by: int) -> None:
        self._in_hand += by
        metrics.in_flight.set(self._in_hand)

    def _refusal(self, scope: Scope) -> Response | None:
        if self._in_hand > MOST_AT_ONCE and scope["path"] not in _PROBES:
            return busy().response()
        refusal = _unfit(scope)
        return refusal.response() if refusal else None

    async def _unexpected(self, error: Exception, scope: Scope, receive: Receive, answer: _Answer) -> None:
        log.error("web.failed", method=scope["method"], route=_route(scope), exc_info=error)
        if answer.status:
            raise error  # too late to say so: the server cuts the connection
        await _FAILED.response()(scope, receive, answer)


class _Answer:
    """Passes the answer on, with the headers that all have.

    `known` is called when there is one: what follows is between the server and a client that may take its time.
    """

    def __init__(self, send: Send, known: Callable[[], None]) -> None:
        self._send = send
        self._known = known
        self.status = 0

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = int(message["status"])  # it may be an enum, which logs show as one
            given = {name for name, _ in message["headers"]}
            self._known()
            message["headers"] = [*message["headers"], *(one for one in _HEADERS if one[0] not in given)]
        await self._send(message)


def _unfit(scope: Scope) -> Problem | None:
    """What is wrong with a request's head, if anything is."""
    if len(scope["raw_path"]) + len(scope["query_string"]) > _LONGEST_URL:
        return _LONG_URL
    names, size = set(), 0
    for name, value in scope["headers"]:
        names.add(name)
        size += len(name) + len(value)
    if names >= _LENGTHS:
        return _TWO_LENGTHS
    return _LARGE_HEAD if size > _LARGEST_HEAD else None


def _tell(scope: Scope, inner: Scope, status: int, seconds: float) -> None:
    """One line, of nothing that a stranger wrote: not the path, which may hold an order's number, only its route."""
    tell = log.debug if scope["path"] in _PROBES and status < 400 else log.info  # noqa: PLR2004 - what is no error
    known = {name: inner["state"][name] for name in ("shop", "events") if name in inner.get("state", {})}
    tell("web.answered", method=_method(scope), route=_route(inner), status=status, ms=round(seconds * 1000), **known)


def _method(scope: Scope) -> str:
    method: str = scope["method"]
    return method if method in _METHODS else "other"


def _route(scope: Scope) -> str:
    return getattr(scope.get("route"), "path_format", "")


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"})
_CLOSE: Final = {"Connection": "close"}
_LONG_URL: Final = Problem(414, "URL too long", "There is no path so long.", headers=_CLOSE)
_LARGE_HEAD: Final = Problem(431, "Headers too large", "Send headers of 32 KiB at the most.", headers=_CLOSE)
_TWO_LENGTHS: Final = Problem(
    400, "Bad Request", "Content-Length and Transfer-Encoding contradict each other (RFC 9112, 6.1).", headers=_CLOSE
)
"""A proxy that heeds the other of the two would take the rest for the next request: of somebody else, perhaps."""
_FAILED: Final = Problem(
    500,
    "A mistake of the door's",
    "What was sent is not known to be journaled. Send the same again later; an order that comes twice is reported "
    "once. The operator finds this in the log.",
    type="failed",
)
