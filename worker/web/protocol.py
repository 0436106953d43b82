"""uvicorn's HTTP/1.1 with what it leaves open: how long a request's head may take, how many connections there may be,
and a refusal in the form of all others.
"""

from __future__ import annotations

import asyncio
import json
from typing import Final

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from worker.web.problems import MEDIA_TYPE, Problem

LONGEST_HEAD: Final = 20.0
"""Seconds from the connection, or from the last answer's end, until a request's head must be in."""
MOST_CONNECTIONS: Final = 800
"""Fewer than the files that a process may have open, which is 1024 by default."""


class Protocol(H11Protocol):
    """One connection."""

    _head: asyncio.TimerHandle | None = None

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            self._refuse(_CROWDED)
        else:
            self._await_head()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._forget_head()
        super().connection_lost(exc)

    @override
    def on_response_complete(self) -> None:
        self._await_head()
        super().on_response_complete()

    @override
    def send_400_response(self, msg: str) -> None:
        self._refuse(_MALFORMED)

    def _refuse(self, problem: Problem) -> None:
        """Answer so and close; where an answer is begun or given already, as to a request whose rest is malformed, only
        close.
        """
        if self.conn.our_state not in _UNANSWERED:
            self.transport.close()
            return
        body = json.dumps(problem.to_json()).encode()
        headers = {
            "Content-Type": MEDIA_TYPE,
            "Content-Length": str(len(body)),
            "Connection": "close",
            "Cache-Control": "no-store",
            **problem.headers,
        }
        response = h11.Response(status_code=problem.status, headers=list(headers.items()))
        for event in (response, h11.Data(data=body), h11.EndOfMessage()):
            self.transport.write(self.conn.send(event))
        self.transport.close()

    def _await_head(self) -> None:
        self._forget_head()
        self._head = self.loop.call_later(LONGEST_HEAD, self._give_up)

    def _forget_head(self) -> None:
        if self._head is not None:
            self._head.cancel()

    def _give_up(self) -> None:
        """Close the connection, unless a request is in hand: then its answer comes first."""
        in_hand = self.cycle is not None and not self.cycle.response_complete  # type: ignore[redundant-expr]  # it is None at first
        if not in_hand and not self.transport.is_closing():
            self.transport.close()


_UNANSWERED: Final = (h11.IDLE, h11.SEND_RESPONSE)
_MALFORMED: Final = Problem(400, "Bad Request", "This is not HTTP/1.1, or its head is too large.")
_CROWDED: Final = Problem(503, "Too busy", "There are too many connections.", type="busy", headers={"Retry-After": "2"})
