"""Takes in the rest of a body before the answer to it, and throws it away.

Many refusals are clear from a request's head: who sends it is not known, or it is too large. But a connection that is
closed on bytes which nobody read is reset, and with it goes the answer, while a client or a proxy still sends: it would
see a broken connection, for which sending again is right, instead of the refusal, for which it is not.
"""

from __future__ import annotations

import asyncio
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_MOST: Final = 8 * 1024 * 1024
"""Bytes; who sends more is cut off."""
_SILENCE: Final = 1.0
"""Seconds without a byte, after which no more is waited for."""
_LONGEST: Final = 10.0
"""Seconds in all."""


class Lingering:
    """ASGI middleware, around whatever may refuse."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on; its answer waits for what is still to come."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive)

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                await body.discard()
            await send(message)

        await self._app(scope, body.receive, answer)


class _Body:
    """What comes of one request, and whether more will."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self._more = True
        self._waits = any(name == b"expect" for name, _ in scope["headers"])
        """Whether the other side sends nothing before it is asked to (RFC 9110, 10.1.1)."""

    async def receive(self) -> Message:
        """As ASGI has it."""
        self._waits = False
        message = await self._receive()
        self._more = message["type"] == "http.request" and message.get("more_body", False)
        return message

    async def discard(self) -> None:
        """Read the rest, within bounds."""
        if self._waits:
            return
        left = _MOST
        try:
            async with asyncio.timeout(_LONGEST):
                while self._more and left > 0:
                    message = await asyncio.wait_for(self.receive(), _SILENCE)
                    left -= len(message.get("body", b""))
        except TimeoutError:
            return
