"""Whether a web server of ours answers: a port that is merely open may be a process that is still starting."""

from __future__ import annotations

import asyncio
import contextlib

from worker.dev.ports import LOOPBACK

PATIENCE = 1.0
"""Seconds one probe may take."""


async def answers(port: int, path: str = "/") -> bool:
    """Whether HTTP is spoken on `port`; any status will do, a demand for a password too."""
    try:
        async with asyncio.timeout(PATIENCE):
            return await _status_line(port, path)
    except (OSError, TimeoutError):
        return False


async def _status_line(port: int, path: str) -> bool:
    reader, writer = await asyncio.open_connection(LOOPBACK, port)
    try:
        writer.write(f"GET {path} HTTP/1.1\r\nHost: {LOOPBACK}:{port}\r\nConnection: close\r\n\r\n".encode("ascii"))
        await writer.drain()
        return (await reader.readline()).startswith(b"HTTP/1.")
    finally:
        writer.close()
        with contextlib.suppress(OSError):  # it hung up first
            await writer.wait_closed()
