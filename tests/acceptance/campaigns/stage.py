"""What every campaign stands on: a broker with its data on disk, both partners, our system, and the books at last."""

from __future__ import annotations

import base64
import contextlib
import random
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, Final, Protocol, Self

from tasks.order_task import QUEUE
from tasks.partners import PARTNERS
from tests.acceptance.campaigns.evidence import gather
from tests.acceptance.campaigns.report import Report
from tests.acceptance.campaigns.sizes import Sizes
from tests.acceptance.campaigns.supervision import Supervisor
from tests.acceptance.campaigns.verdict import FINAL
from tests.acceptance.kit import Shop, System
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

    from tests.acceptance.campaigns.evidence import Promise

BRISK: Final = {
    "PARTNERS__SOVENDUS__READ_TIMEOUT": "1s",
    "PARTNERS__UNIQODO__READ_TIMEOUT": "1s",
    "RETRY__BASE": "0.1",
    "RETRY__CAP": "1s",
    "BREAKER__PROBE_AFTER": "0.2",
    "BREAKER__PROBE_CAP": "0.5",
}
"""Settings under which a fault is over soon, and a lease after 6.5 s."""
_BATCH: Final = 500
_LOOK_EVERY: Final = 0.1


class Traffic(Protocol):
    """What shops did: see `traffic.py` and `web_traffic.py`."""

    @property
    def acknowledged(self) -> Mapping[str, int]:
        """Events by door."""

    @property
    def refused(self) -> Mapping[str, int]:
        """Sendings that were not acknowledged, by kind."""

    def promises(self) -> list[Promise]:
        """What is promised so far."""


class Stage:
    """A context manager; `directory` takes data and logs. `settings` are without their prefix.

    Whoever brings a `broker` of their own keeps it; `broker_url` is how our system reaches it, if not directly.
    """

    def __init__(
        self,
        directory: Path,
        sizes: Sizes,
        settings: Mapping[str, str] | None = None,
        *,
        broker: EmbeddedValkey | None = None,
        broker_url: str | None = None,
    ) -> None:
        self.directory = directory
        self.sizes = sizes
        self.shops = [Shop(f"s{n}", number=f"{5000 + n}", api_key=f"key-of-s{n}", more=_ways_in(n)) for n in range(3)]
        self.accounts = {account: shop.name for shop in self.shops for account in (shop.number, shop.api_key)}
        """Whose an account at a partner is; a campaign that changes accounts adds the new ones."""
        self.chance = random.Random(sizes.seed)
        self.faults: Counter[str] = Counter()
        """What the campaign did to the system, by kind."""
        self.measured: dict[str, Any] = {}
        """What else the campaign found out."""
        self._began = time.monotonic()
        self._open = contextlib.ExitStack()
        self._settings = {**BRISK, **(settings or {})}
        self._brought, self._broker_url = broker, broker_url
        self._supervisors: list[Supervisor] = []
        self.broker: EmbeddedValkey
        self.partners: Sandbox
        self.system: System

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as opening:
            self.broker = self._brought or opening.enter_context(EmbeddedValkey(self.directory / "broker"))
            self.partners = opening.enter_context(Sandbox(port=0))
            url = self._broker_url or self.broker.url
            self.system = opening.enter_context(
                System(url, self.partners.url, self.shops, self.directory, self._settings)
            )
            self._open = opening.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    def workers(self, count: int, **settings: str) -> Supervisor:
        """So many workers under supervision, for a `with` block."""
        supervisor = Supervisor([self.system.worker(f"w{n}", **settings) for n in range(count)])
        self._supervisors.append(supervisor)
        return supervisor

    def share_of_faults(self) -> float:
        """How much of the harm is done, and one step more: the pace of a load that lasts as long (0–1)."""
        return (self.faults.total() + 1) / max(1, self.sizes.faults)

    def until_settled(self, traffic: Traffic, patience: float = 60.0) -> None:
        """Return once everything promised has come to its end and no message is left that could be worked off twice,
        or when nothing has moved for `patience` seconds: what is open then is the verdict's to find.
        """
        open_, messages, moved = {promise.id for promise in traffic.promises()}, self._messages(), time.monotonic()
        while (open_ or messages) and time.monotonic() - moved < patience:
            before = open_, messages
            open_, messages = self._unsettled(open_), self._messages()
            if (open_, messages) != before:
                moved = time.monotonic()
            time.sleep(_LOOK_EVERY)

    def report(self, name: str, traffic: Traffic, promises: Iterable[Promise] | None = None) -> Report:
        """The verdict and figures as things stand now; `promises` outweigh the traffic's."""
        promised = traffic.promises() if promises is None else promises
        evidence = gather(promised, self.system.ledger, self.partners, self.accounts)
        exits = sum((supervisor.exits for supervisor in self._supervisors), Counter())
        return Report(
            name=name,
            sizes=self.sizes,
            faults=dict(self.faults),
            acknowledged=dict(traffic.acknowledged),
            refused={kind: count for kind, count in traffic.refused.items() if count},
            exits=dict(exits),
            measured=self.measured,
            seconds=time.monotonic() - self._began,
            evidence=evidence,
        )

    def _messages(self) -> int:
        """How many wait in the queues or are in a worker's hands, a dead one's too."""
        redis, key = self.system.ledger.redis, self.system.ledger.key
        taken = [key("taken", consumer) for consumer in redis.zrange(key("consumers"), 0, -1)]
        return sum([*map(redis.llen, (QUEUE, *PARTNERS)), *map(redis.hlen, taken)])

    def _unsettled(self, ids: set[str]) -> set[str]:
        ordered = sorted(ids)
        settled = {
            record.id
            for start in range(0, len(ordered), _BATCH)
            for record in self.system.ledger.find_all(ordered[start : start + _BATCH])
            if record.state in FINAL
        }
        return ids - settled


def _ways_in(number: int) -> dict[str, str]:
    secret = base64.b64encode(f"what shop {number} signs its webhooks with".encode()).decode()
    return {"TOKEN": f"token-of-the-shop-s{number}", "WEBHOOK_SECRET": f"whsec_{secret}"}
