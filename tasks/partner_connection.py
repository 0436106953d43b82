"""urllib3's connections with what a call costs taken out: a request leaves in one piece, a plain answer is read in one.

urllib3 keeps connecting, TLS, tunnels and the pool to itself. An answer that is not plain is read by http.client, from
its first byte on.
"""

from __future__ import annotations

import http.client
import re
from collections.abc import Mapping
from typing import Any, Final

import urllib3
from typing_extensions import override
from urllib3.connection import HTTPConnection, HTTPSConnection

from tasks.deadline_socket import DeadlineSocket
from tasks.plain_answer import LONGEST, plain_head

_UNFIT: Final = re.compile(r"[^\t\x20-\x7e]")


class WholeAnswer(urllib3.HTTPResponse):
    """A plain answer; its whole body is `body`."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status=status, preload_content=False)
        self.body = body


class _PartnerConnection(HTTPConnection):
    @override
    def connect(self) -> None:
        super().connect()
        self.sock: Any = DeadlineSocket(self.sock)

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
        self._asked = method
        lines = [f"{method} {url} HTTP/1.1", *map(": ".join, (headers or {}).items())]
        if body is not None:
            lines.append(f"Content-Length: {len(body)}")
        if any(map(_UNFIT.search, lines)):
            raise ValueError("a header that no header can hold")
        self.sock.sendall("\r\n".join((*lines, "\r\n")).encode("ascii") + (body or b""))

    @override
    def getresponse(self) -> urllib3.HTTPResponse:  # type: ignore[override]  # as above
        received: bytes = self.sock.recv(LONGEST)
        head = plain_head(received)
        while head and len(received) < head.ends and (more := self.sock.recv(LONGEST)):
            received += more
        if head and len(received) == head.ends:
            return WholeAnswer(head.status, received[head.begins :])
        self.sock.give_back(received)
        return self._read_carefully()

    def _read_carefully(self) -> urllib3.HTTPResponse:
        """As urllib3 does it, from a socket at the answer's first byte."""
        response = http.client.HTTPResponse(self.sock, method=self._asked)
        try:
            response.begin()
        except BaseException:
            response.close()
            raise
        if response.will_close:
            self.close()
        return urllib3.HTTPResponse(
            body=response,
            headers=urllib3.HTTPHeaderDict(response.msg.items()),
            status=response.status,
            preload_content=False,
            original_response=response,
            request_method=self._asked,
        )


class _SecurePartnerConnection(_PartnerConnection, HTTPSConnection):
    pass


class HTTPPartnerPool(urllib3.HTTPConnectionPool):
    """Plain connections: the sandbox, or a TLS proxy on this machine."""

    ConnectionCls = _PartnerConnection


class HTTPSPartnerPool(urllib3.HTTPSConnectionPool):
    """TLS connections."""

    ConnectionCls = _SecurePartnerConnection
