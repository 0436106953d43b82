"""Follows a log file as it grows, so that the worker writes to a file that needs nobody to read it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

POLL = 0.05
"""Seconds between two looks."""


async def follow(log: Path) -> AsyncIterator[str]:
    """Each line of `log` from its beginning, as it is completed; never ends, cancel it. Raises OSError."""
    part = b""
    with log.open("rb") as stream:
        while True:
            part += stream.readline()
            if part.endswith(b"\n"):
                yield part.decode("utf-8", "replace").rstrip("\n")
                part = b""
            else:
                await asyncio.sleep(POLL)
