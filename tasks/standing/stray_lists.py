"""Lists that look like a queue of ours and are none: a producer's `global_keyprefix`, or a `sep` of its own.

What lies there is an order that nobody takes. Only a look at all keys finds it, so the look is bounded.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from typing import Any, Final

from redis.client import NEVER_DECODE
from redis.exceptions import ResponseError

from tasks.ledger.books import LedgerBooks
from tasks.plain_text import without_addresses
from tasks.queue_lists import QUEUES, lists_of

_PAGE: Final = 1000  # keys looked at in one command, a fraction of a millisecond
_LONGEST: Final = 2.0  # seconds
_MOST_NAMED: Final = 20
_ONES_NAME: Final = re.compile(rf"(?s)(.*?)({'|'.join(map(re.escape, QUEUES))})(\W{{1,8}}\d{{1,3}})?".encode())


@dataclass(frozen=True)
class StrayList:
    """A list with messages that no worker takes."""

    name: str
    """As `redis-cli` takes it between double quotes."""
    queue: str
    """The queue that its producer probably means."""
    length: int

    @property
    def advice(self) -> str:
        """What it is, and what to do."""
        messages = f"{self.length:,} message{'s' * (self.length != 1)}"
        return (
            f'the list "{self.name}" holds {messages} that no worker takes: does a producer set global_keyprefix or '
            f"sep in its broker_transport_options? Take that out; then move each message, in redis-cli: "
            f'LMOVE "{self.name}" {self.queue} RIGHT LEFT'
        )


def find_stray_lists(ledger: LedgerBooks) -> tuple[list[StrayList], bool]:
    """Such lists, sorted by name, and whether all keys were looked at within two seconds.

    Raises redis.RedisError.
    """
    ours = {name.encode() for queue in QUEUES for name in lists_of(queue)}
    lags = ledger.key("lags", "").encode()
    found: dict[bytes, str] = {}
    until, cursor = time.monotonic() + _LONGEST, 0
    while True:
        cursor, names = _bytes(ledger, "SCAN", cursor, "COUNT", _PAGE, "TYPE", "list")
        for name in names:
            match = _ONES_NAME.fullmatch(name)
            if match and name not in ours and not name.startswith(lags):
                found[name] = match[2].decode()
        if not cursor or time.monotonic() > until or len(found) >= _MOST_NAMED:
            break
    strays = [StrayList(_shown(name), queue, _length(ledger, name)) for name, queue in sorted(found.items())]
    return [one for one in strays if one.length], not cursor


def _length(ledger: LedgerBooks, name: bytes) -> int:
    try:
        return int(_bytes(ledger, "LLEN", name))
    except ResponseError:  # it is no list any more
        return 0


def _shown(name: bytes) -> str:
    text = name.decode(errors="backslashreplace").replace('"', '\\"')
    return without_addresses("".join(one if one.isprintable() else repr(one)[1:-1] for one in text))


def _bytes(ledger: LedgerBooks, *command: bytes | str | int) -> Any:  # noqa: ANN401 - whatever the command answers
    return ledger.redis.execute_command(*command, **{NEVER_DECODE: []})
