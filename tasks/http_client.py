"""The one place that speaks HTTP to partners, and so the one place that keeps URLs out of every text.

requests underneath: its adapter decides over which pool a partner is reached, through which proxy of the environment
and trusting whose certificates, once; calls then go straight to that pool. No redirects, no hidden retries, TLS
verified, bodies read up to a bound. What requests does not give is the deadline of the *whole* call and the knowledge
whether anything was sent: both come from `tasks.deadline_socket`.

Whatever urllib3 raises may hold the URL, hence the key; our own errors are raised `from None` with texts of ours.
"""

from __future__ import annotations

import email.utils
import errno
import functools
import re
import socket
import ssl
import time
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, cast
from urllib.parse import urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter

from config.values import is_loopback
from tasks.answer_reader import UnreadableAnswer
from tasks.deadline_socket import Call, PassingDeadline
from tasks.errors import NotSent, Unanswered
from tasks.partner_connection import HTTPPartnerPool, HTTPSPartnerPool, ProxyFailed, WholeAnswer
from tasks.partners.base import Answer, Request

_USER_AGENT: Final = "redeem/1"
_POOLS: Final = {"http": HTTPPartnerPool, "https": HTTPSPartnerPool}


class PartnerClient:
    """A pool of connections to one partner. Safe to share between threads.

    `base_url` without trailing slash; `connect_timeout` and `call_timeout` in seconds, the latter for the whole call
    from connecting to the last byte; `connections` is how many are kept alive.
    """

    def __init__(self, base_url: str, *, connect_timeout: float, call_timeout: float, connections: int = 64) -> None:
        self.call_timeout = call_timeout
        self._base_url = base_url
        self._timeout = urllib3.Timeout(connect=min(connect_timeout, call_timeout), read=call_timeout)
        self._adapter = _PartnerAdapter(pool_connections=4, pool_maxsize=connections)
        # The environment's proxies and certificates are honoured, but looked up once. No proxy leads to this machine,
        # and the way there is in clear: what would go over it is the key and the order.
        environment = requests.Session().merge_environment_settings(base_url, {}, None, None, None)
        here = is_loopback(urlsplit(base_url).hostname or "")
        self._proxies: dict[str, str] = {} if here else dict(environment["proxies"])
        self._verify: bool | str = environment["verify"] if environment["verify"] is not None else True

    def send(self, request: Request, *, not_after: float) -> Answer:
        """Make the call and read the whole answer, by `not_after` (monotonic clock) if the call may take longer.

        Raises NotSent when nothing reached the partner, Unanswered when it may have acted and its answer is lost.
        """
        with Call(min(time.monotonic() + self.call_timeout, not_after)) as call:
            try:
                return self._exchange(request)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError, ValueError) as error:
                described = describe(error)
        # Outside the block, so that no traceback chain carries the URL.
        if call.sent:
            raise Unanswered(f"no answer: {described}")
        raise NotSent(f"not sent: {described}")

    @functools.cached_property
    def _route(self) -> _Route:
        """How calls get there; an address that cannot be used is told by the first call, and by every other."""
        return self._adapter.route(self._base_url, self._verify, self._proxies)

    def _exchange(self, request: Request) -> Answer:
        route = self._route
        response = route.pool.urlopen(
            request.method,
            route.prefix + request.target,
            request.body,
            {**route.headers, **request.headers},
            retries=self._adapter.max_retries,
            redirect=False,
            assert_same_host=False,
            timeout=self._timeout,
            preload_content=False,
        )
        response.release_conn()
        answer = cast("WholeAnswer", response)
        retry_after = parse_retry_after(answer.retry_after, now=datetime.now(UTC)) if answer.retry_after else None
        return Answer(answer.status, answer.body, retry_after)

    def close(self) -> None:
        """Close all kept connections."""
        if "_route" in vars(self):
            self._route.pool.close()
        self._adapter.close()


class _Route(NamedTuple):
    """What all calls to one base URL have in common."""

    pool: urllib3.HTTPConnectionPool
    prefix: str
    """What stands before a request's target: the base URL's path, or through a forwarding proxy all of it."""
    headers: dict[str, str]


class _PartnerAdapter(HTTPAdapter):
    """requests' adapter over the pools of ours."""

    def route(self, base_url: str, verify: bool | str, proxies: dict[str, str]) -> _Route:  # noqa: FBT001 - as requests has it
        prepared = requests.Request("GET", f"{base_url}/").prepare()
        try:
            pool: Any = self.get_connection_with_tls_context(prepared, verify, proxies)
        except (ValueError, urllib3.exceptions.HTTPError):
            if proxies:
                raise ProxyFailed("the proxy's address cannot be used") from None  # the cause repeats it
            raise
        self.cert_verify(pool, prepared.url, verify, None)  # type: ignore[no-untyped-call]  # requests' stubs leave it out
        prefix = self.request_url(prepared, proxies).removesuffix("/")
        headers = {"Host": _host(prepared.url), "User-Agent": _USER_AGENT, "Accept-Encoding": "identity"}
        return _Route(pool, prefix, headers)

    def init_poolmanager(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - requests' own signature
        super().init_poolmanager(*args, **kwargs)
        self.poolmanager.pool_classes_by_scheme = _POOLS

    def proxy_manager_for(self, proxy: str, **kwargs: Any) -> urllib3.ProxyManager:  # noqa: ANN401 - as above
        manager: urllib3.ProxyManager = super().proxy_manager_for(proxy, **kwargs)
        manager.pool_classes_by_scheme = _POOLS
        return manager


def _host(url: str | None) -> str:
    """The `Host` header: as in the URL, without the port that goes without saying."""
    parts = urllib3.util.parse_url(url or "")
    host = (parts.host or "").rstrip(".")
    return (
        host if parts.port in (None, urllib3.connection.port_by_scheme[parts.scheme or ""]) else f"{host}:{parts.port}"
    )


def parse_retry_after(value: str | None, *, now: datetime) -> float | None:
    """Seconds asked for by a `Retry-After` header, at least 0: a number or an HTTP date (RFC 9110 §10.2.3).

    None where there is no header or it says neither.
    """
    if value is None:
        return None
    if re.fullmatch(r"\d{1,9}", value.strip(), re.ASCII):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def describe(error: BaseException) -> str:
    """Say what failed in words of ours, never in the exception's own, which may hold the URL."""
    chain = list(_chain(error))
    words = _words(chain)
    if any(isinstance(link, urllib3.exceptions.ProxyError) for link in chain):
        return f"the proxy cannot be reached: {words}"
    return words


def _words(chain: list[BaseException]) -> str:
    for link in chain:
        if isinstance(link, _OUR_OWN):
            return str(link)
    for kind, words in _WORDS:
        if any(isinstance(link, kind) for link in chain):
            return words
    for link in chain:
        if isinstance(link, OSError) and link.errno is not None:
            return errno.errorcode.get(link.errno, "network error").lower()
    return type(chain[-1]).__name__


_OUR_OWN: Final = (UnreadableAnswer, ProxyFailed)

# The first match anywhere in the chain wins: the specific before the general.
_WORDS: Final[tuple[tuple[type[BaseException], str], ...]] = (
    (PassingDeadline, "the call's deadline passed"),
    (ssl.SSLError, "TLS failed"),
    (socket.gaierror, "the host name could not be resolved"),
    (urllib3.exceptions.NameResolutionError, "the host name could not be resolved"),
    (ConnectionRefusedError, "connection refused"),
    (urllib3.exceptions.ConnectTimeoutError, "timed out while connecting"),
    (TimeoutError, "timed out"),
    (urllib3.exceptions.TimeoutError, "timed out"),
    (ConnectionResetError, "connection reset"),
    (BrokenPipeError, "connection reset"),
    (requests.exceptions.InvalidURL, "the address cannot be used"),
    (urllib3.exceptions.LocationValueError, "the address cannot be used"),
    (urllib3.exceptions.DecodeError, "the answer is garbled"),
    (ValueError, "the answer is garbled"),
)


def _chain(error: BaseException) -> list[BaseException]:
    """The exception, what caused it, and what its arguments and `reason` wrap: requests and urllib3 use all of them."""
    found: list[BaseException] = []
    todo: list[object] = [error]
    while todo:
        link = todo.pop(0)
        if isinstance(link, BaseException) and link not in found:
            found.append(link)
            todo += [link.__cause__, link.__context__, getattr(link, "reason", None), *link.args]
    return found
