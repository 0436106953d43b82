"""urllib3's connections with what a call costs taken out: a request leaves in one piece, a plain answer is read in one.

urllib3 keeps connecting, TLS and the pool to itself. HTTP/1.1 has nothing that ties an answer to its request but their
order, so a connection goes back into the pool only with nothing unread on it, and an answer on one that was used before
counts only if it came alone: of two, the first may have been late, and another redemption's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

import urllib3
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection

from tasks.answer_reader import UnreadableAnswer, read_answer, read_head
from tasks.deadline_socket import Call, DeadlineSocket
from tasks.plain_answer import LONGEST, plain_head

_UNFIT: Final = re.compile(r"[^\t\x20-\x7e]")
_REQUEST_TIMEOUT: Final = 408
_SUCCESSFUL: Final = range(200, 300)
_PROXY_HINTS: Final = {
    403: ", it does not allow the partner's host",
    407: ", it wants a user and a password in HTTPS_PROXY",
    502: ", it could not reach the partner",
    503: ", it could not reach the partner",
    504: ", it could not reach the partner",
}


class ProxyFailed(ValueError):  # noqa: N818 - named by what happened
    """No tunnel through the proxy, so the partner has seen nothing. The text is ours and may be shown."""


class WholeAnswer(urllib3.HTTPResponse):
    """An answer read to its end: `body` is all of it, `retry_after` the header of that name."""

    def __init__(self, status: int, body: bytes, retry_after: str | None = None) -> None:
        super().__init__(status=status, preload_content=False)
        self.body = body
        self.retry_after = retry_after


class _PartnerConnection(HTTPConnection):
    _kept = False
    """Whether an earlier call was answered on it."""

    @override
    def connect(self) -> None:
        self._kept = False
        super().connect()
        self.sock: Any = DeadlineSocket(self.sock)

    @property
    @override
    def is_connected(self) -> bool:
        """Whether it can take a request: the other end has neither closed it nor said anything unasked."""
        return self.sock is not None and self.sock.unread() is None

    @override
    def request(  # type: ignore[override]  # of http.client's, as urllib3's own
        self,
        method: str,
        url: str,
        body: Any = None,  # bytes or None, always
        headers: Mapping[str, str] | None = None,
        **_: Any,  # how to read the answer, which `getresponse` knows
    ) -> None:
        if self.sock is None:
            self.connect()
        lines = [f"{method} {url} HTTP/1.1", *map(": ".join, (headers or {}).items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if any(map(_UNFIT.search, lines)):
            raise ValueError("a header that no header can hold")
        data = "\r\n".join((*lines, "\r\n")).encode("ascii") + (body or b"")
        if self._kept and not self.is_connected:  # since the pool looked
            raise UnreadableAnswer("the partner closed the connection, or spoke unasked")
        try:
            self.sock.sendall(data)
        except ConnectionError as error:
            # Without a number, since urllib3 would go on and take what came earlier for the answer.
            raise ConnectionResetError("while sending") from error

    @override
    def getresponse(self) -> WholeAnswer:  # type: ignore[override]  # as above
        kept, self._kept = self._kept, True
        answer, keeps, behind = self._read()
        unread = behind or self.sock.unread()
        if not keeps or unread:
            self.close()
        if kept and unread:
            raise UnreadableAnswer("more than one answer came")
        if kept and answer.status == _REQUEST_TIMEOUT:
            raise UnreadableAnswer("HTTP 408, which may have been said before the request came")
        return answer

    def _read(self) -> tuple[WholeAnswer, bool, bytes]:
        """The answer, whether its form lets the connection be kept, and what came behind it."""
        received: bytes = self.sock.recv(LONGEST)
        head = plain_head(received)
        while head and len(received) < head.ends and (more := self.sock.recv(LONGEST)):
            received += more
        if head and len(received) == head.ends:
            return WholeAnswer(head.status, received[head.begins :]), True, b""
        read = read_answer(received, self.sock.recv)
        return WholeAnswer(read.status, read.body, read.fields.get("retry-after")), read.keeps, read.behind

    def _tunnel(self) -> None:
        """Have the proxy connect to the partner (RFC 9110 §9.3.6), within the time for connecting.

        In place of http.client's, which takes an interim answer for a refusal and reads for as long as the proxy
        dribbles. Raises ProxyFailed.
        """
        name = (self._tunnel_host or "").strip("[]")
        host = f"{f'[{name}]' if ':' in name else name}:{self._tunnel_port}"
        headers: dict[str, str] = {**self._tunnel_headers, "Host": host}  # type: ignore[attr-defined]  # http.client's
        lines = (f"CONNECT {host} HTTP/1.1", *map(": ".join, headers.items()), "\r\n")
        with Call.within(self.timeout):
            link = DeadlineSocket(self.sock)
            try:
                link.sendall("\r\n".join(lines).encode("ascii"))
                head, behind = read_head(link.recv)
            except TimeoutError:
                raise ProxyFailed("the proxy did not answer in time") from None
            except (UnreadableAnswer, OSError):
                raise ProxyFailed("the proxy gave no readable answer") from None
        if head.status not in _SUCCESSFUL:
            hint = _PROXY_HINTS.get(head.status, "")
            raise ProxyFailed(f"the proxy refused the connection: HTTP {head.status}{hint}")
        if behind:
            raise ProxyFailed("the proxy gave no readable answer")
        self.sock.settimeout(self.timeout)


class _SecurePartnerConnection(_PartnerConnection, HTTPSConnection):
    pass


class HTTPPartnerPool(urllib3.HTTPConnectionPool):
    """Plain connections: the sandbox, or a TLS proxy on this machine."""

    ConnectionCls = _PartnerConnection


class HTTPSPartnerPool(urllib3.HTTPSConnectionPool):
    """TLS connections."""

    ConnectionCls = _SecurePartnerConnection
