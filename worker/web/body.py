"""A request's body, read whole: bounded in size and time before anybody looks at it."""

from __future__ import annotations

import asyncio
from typing import Final

from fastapi import Request
from starlette.requests import ClientDisconnect

from worker.web.door import door_of
from worker.web.problems import Problem, busy

MOST_BYTES: Final = 1024 * 1024
LONGEST: Final = 30.0
"""Seconds for a body to come in."""
MOST_STRANGERS: Final = 64
"""Bodies that come in of senders who are known by their signature only, once all is read: half of what there may be in
hand, so that whoever sends slowly and on purpose keeps nobody out who has a token."""
_JSON: Final = frozenset(
    {
        "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl",
        "application/x-jsonlines", "application/json-lines", "application/octet-stream", "text/json", "text/plain",
    }
)  # fmt: skip
"""What may hold JSON by its name, none at all included: what the body is shows when it is read."""


async def read_body(request: Request, *, known: bool, most: int = MOST_BYTES) -> bytes:
    """The raw bytes, at most `most` of them; `known` says whether the sender is, other than by what these bytes show.

    Raises Problem (413, 408; 503 where too many strangers send), and ClientDisconnect when whoever sent it is gone.
    """
    if known:
        return await _bounded(request, most)
    door = door_of(request)
    if door.strangers >= MOST_STRANGERS:
        raise busy()
    door.strangers += 1
    try:
        return await _bounded(request, most)
    finally:
        door.strangers -= 1


async def _bounded(request: Request, most: int) -> bytes:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > most:
        raise _too_large(most)
    try:
        async with asyncio.timeout(LONGEST):
            return await _read(request, most)
    except TimeoutError:
        raise Problem(
            408, "Too slow", f"The body did not come in within {LONGEST:g} seconds.", headers={"Connection": "close"}
        ) from None


def require_json(request: Request) -> None:
    """Refuses what is no JSON by its own word, such as a form. Raises Problem (415)."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    coding = request.headers.get("content-encoding", "identity").strip().lower()
    if coding not in ("", "identity"):
        raise Problem(415, "Compressed", "Send the body uncompressed.", headers={"Accept-Encoding": "identity"})
    if kind not in _JSON and not kind.endswith("+json"):
        raise Problem(
            415,
            "Not JSON",
            "Send JSON as application/json, or JSON Lines as application/x-ndjson "
            "(curl: -H 'Content-Type: application/json').",
            headers={"Accept-Post": "application/json, application/x-ndjson, application/jsonl"},
        )


async def _read(request: Request, most: int) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _too_large(most: int) -> Problem:
    return Problem(
        413, "Too large", f"A body may have {most} bytes: send the events in several requests.", type="too-large"
    )


__all__ = ["LONGEST", "MOST_BYTES", "ClientDisconnect", "read_body", "require_json"]
