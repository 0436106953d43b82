"""What our pages in Flower share: the login, CSRF, the Content-Security-Policy, and what to say when Redis is away.

Flower has one event loop for everybody, so whatever asks Redis runs in threads of ours: Flower's own may all be
waiting for a broker that does not answer.
"""

from __future__ import annotations

import asyncio
from base64 import b64decode
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, ParamSpec, TypeVar, cast
from urllib.parse import urlencode, urlsplit

import structlog
from flower.views import BaseHandler
from redis.exceptions import RedisError
from tornado.web import HTTPError, RequestHandler
from typing_extensions import override

from tasks.ledger import Ledger
from tasks.runtime import Runtime
from worker.cli.connection import address
from worker.composition import RedeemApp

P = ParamSpec("P")
T = TypeVar("T")

_THREADS: Final = ThreadPoolExecutor(max_workers=8, thread_name_prefix="flower-pages")
_POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

AWAY: Final = (RedisError, ConnectionError, TimeoutError)
"""What says that the broker cannot be asked."""

log = structlog.get_logger("redeem.flower")


class Page(BaseHandler):
    """Base of our pages' handlers."""

    @override
    def set_default_headers(self) -> None:
        super().set_default_headers()
        self.set_header("Content-Security-Policy", _POLICY)
        self.set_header("Referrer-Policy", "same-origin")
        self.set_header("Cache-Control", "no-store")

    @override
    def check_xsrf_cookie(self) -> None:
        """Flower asks for the origin only, and nothing where there is no login; what we press costs money.

        Raises HTTPError.
        """
        origin, site = self.request.headers.get("Origin"), self.request.headers.get("Sec-Fetch-Site")
        if site not in (None, "same-origin") or (origin and urlsplit(origin).netloc != self.request.host):
            raise HTTPError(403, "Cross-site request forbidden")
        RequestHandler.check_xsrf_cookie(self)

    @property
    def app(self) -> RedeemApp:
        """Our Celery app."""
        return cast("RedeemApp", self.capp)

    @property
    def runtime(self) -> Runtime:
        """Settings and ledger."""
        return self.app.runtime

    @property
    def ledger(self) -> Ledger:
        """Our books."""
        return self.runtime.ledger

    @property
    def who(self) -> str:
        """The login, for the audit trail; where there is none, the address."""
        user = self.current_user  # under OAuth the e-mail address, else True
        if isinstance(user, str):
            return user
        if self.application.options.basic_auth:
            _, _, credentials = self.request.headers["Authorization"].partition(" ")
            return b64decode(credentials).decode().partition(":")[0]
        return str(self.request.remote_ip)

    @property
    def read_only(self) -> bool:
        """Whether there is nothing to press."""
        return bool(self.application.options.read_only)

    def refuse_if_read_only(self) -> None:
        """Raise HTTPError, as Flower's own handlers do."""
        if self.read_only:
            raise HTTPError(403, "Read only mode is enabled")

    async def in_thread(self, ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """The answer of what may wait for Redis."""
        return await in_threads(ask, *args, **kwargs)

    def link(self, name: str, **query: str | None) -> str:
        """The path of a page of ours, with what is given of the query."""
        given = {key: value for key, value in query.items() if value}
        return str(self.reverse_url(name)) + (f"?{urlencode(given)}" if given else "")

    def show(self, template: str, **values: Any) -> None:  # noqa: ANN401 - whatever the template names
        """Render one of our templates."""
        self.render(f"redeem/{template}", page=self, read_only=self.read_only, **values)

    @override
    def write_error(self, status_code: int, **kwargs: Any) -> None:
        error = (kwargs.get("exc_info") or (None, None))[1]
        if isinstance(error, AWAY):
            self.set_status(503)
            self.show("away.html", broker=address(), error=str(error))
        else:
            super().write_error(status_code, **kwargs)

    @override
    def log_exception(self, typ: Any, value: Any, tb: Any) -> None:
        if isinstance(value, AWAY):
            log.warning("flower.broker_away", path=self.request.path, error=str(value))
        else:
            super().log_exception(typ, value, tb)


async def in_threads(ask: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """The answer of what may wait for Redis, while the event loop goes on."""
    return await asyncio.get_running_loop().run_in_executor(_THREADS, lambda: ask(*args, **kwargs))
