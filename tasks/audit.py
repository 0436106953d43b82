"""What operators did: who, when, what, and to how many. Kept as long as the ledger remembers."""

from __future__ import annotations

import getpass
import socket
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from tasks.ledger import Ledger

ACTIONS: Final = ("replay", "discard", "retry", "pause", "resume", "erase")
"""What operators do that leaves an entry."""

_STREAM: Final = "audit"
_PAGE: Final = 500


def record(ledger: Ledger, action: str, *, count: int, what: str, who: str | None = None) -> None:
    """Add an entry; `what` says which, in words without personal data. `who` is whoever runs this, unless given.

    Raises redis.RedisError.
    """
    ledger.note(who or operator(), action, count, what)


def entries(ledger: Ledger, since: datetime | None = None, until: datetime | None = None) -> Iterator[dict[str, Any]]:
    """The entries of that time, oldest first: `at` in milliseconds, `who`, `action`, `count`, `what`.

    Raises redis.RedisError.
    """
    position, last = _milliseconds(since) or "-", _milliseconds(until) or "+"
    while page := ledger.redis.xrange(ledger.key(_STREAM), min=position, max=last, count=_PAGE):
        for entry_id, fields in page:
            yield {"at": int(str(entry_id).split("-")[0]), **fields, "count": int(fields["count"])}
        position = f"({page[-1][0]}"


def _milliseconds(moment: datetime | None) -> str:
    return "" if moment is None else str(max(0, int(moment.timestamp() * 1000)))


def operator() -> str:
    """`user@host` of whoever runs this command."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name; OSError from Python 3.13 on
        user = "unknown"
    return f"{user}@{socket.gethostname()}"
