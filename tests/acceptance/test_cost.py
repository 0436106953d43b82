"""What a redemption costs, counted: a number of commands is the same on every machine, a time is not.

The bounds are a little above what is counted today (docs/performance.md has the times that go with them). Who must
raise one has made every redemption dearer, and says why.
"""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Self

from redis import Redis

from tasks.ledger.scripts import texts
from tests.acceptance.kit import Shop, System, code, eventually, order
from worker.transport.scripts import source

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from worker.dev.sandbox import Sandbox

ORDERS: Final = 200
MOST_COMMANDS: Final = 8.0
"""Of the worker, for an order with one code, from taking it off `orders` until it is settled; stock Celery's two hops
need 20."""
MOST_WITHIN_SCRIPTS: Final = 62.0
BY_THE_CLOCK: Final = {
    hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()
    for text in (texts()["wake"], texts()["watch"], texts()["survey"], source("beat"))
}
"""Scripts that run so many times a second, however many orders come: a slow machine counts more of them."""
READS_BY_THE_CLOCK: Final = {"SMEMBERS", "HGETALL", "HMGET", "INFO", "ZCARD", "PUBLISH"}
"""What the lookout reads once a second, and the events that go out twice a second: no attempt says one of these."""


class Overheard:
    """Counts the commands that others send to one database, and what scripts do within; a context manager."""

    def __init__(self, broker_url: str) -> None:
        self.sent: Counter[str] = Counter()
        self.within: Counter[str] = Counter()
        self._client = Redis.from_url(broker_url)
        self._database = str(self._client.connection_pool.connection_kwargs["db"])
        self._end = f"end of {id(self)}"
        self._thread = threading.Thread(target=self._listen)
        self._monitor: Any = self._client.monitor()  # type: ignore[no-untyped-call]  # redis-py's has no types

    def __enter__(self) -> Self:
        self._monitor.__enter__()
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.echo(self._end)
        self._thread.join()
        self._monitor.__exit__(kind, error, trace)
        self._client.close()

    def _listen(self) -> None:
        by_the_clock = False
        for heard in self._monitor.listen():
            name, _, rest = heard["command"].partition(" ")
            if rest == self._end:
                return
            if str(heard["db"]) != self._database:
                continue
            if heard["client_type"] != "lua":
                script = rest.partition(" ")[0] if name == "EVALSHA" else ""
                by_the_clock = script in BY_THE_CLOCK or name in READS_BY_THE_CLOCK
            if not by_the_clock:
                (self.within if heard["client_type"] == "lua" else self.sent)[name] += 1


def test_a_redemption_takes_few_commands(make_system: Callable[..., System], partners: Sandbox) -> None:
    shop = Shop("thrifty", number="7301", api_key="key-of-thrifty")
    system = make_system(shop)
    with system.worker() as worker, Overheard(system.broker_url) as heard:
        system.send(*(order(shop, str(number), code(f"THRIFTY-{number}")) for number in range(ORDERS)))
        eventually(lambda: len(partners.calls(account=shop.number)) == ORDERS)
        assert worker.stop() == 0
    heard.sent["LPUSH"] -= ORDERS  # the shop's own
    assert sum(heard.sent.values()) / ORDERS < MOST_COMMANDS, heard.sent
    assert sum(heard.within.values()) / ORDERS < MOST_WITHIN_SCRIPTS, heard.within
