"""A whole installation with something in every state: what browser tests press, and screenshots show."""

from __future__ import annotations

import contextlib
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tasks.ledger import Account
from tests.acceptance.conftest import FAST
from tests.acceptance.kit import FlowerProcess, Shop, System, WorkerProcess, code, eventually
from tests.acceptance.kit.producer import BareProducer
from tests.worker.flower_pages.browser import LOGIN

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from worker.dev.sandbox import Sandbox

UK: Final = Shop("uk", number="4711", api_key="key-of-uk")
DE: Final = Shop("de", number="4712", api_key="key-of-de")
FR: Final = Shop("fr", number="4713", api_key="key-of-fr")
_numbers = itertools.count(145_700)


@dataclass(frozen=True)
class Stage:
    """The installation and the world around it."""

    system: System
    worker: WorkerProcess
    flower: FlowerProcess
    partners: Sandbox


def event(shop: Shop, value: str, *coupons: dict[str, str], currency: str = "EUR") -> dict[str, Any]:
    """An order nobody has heard of yet."""
    number = str(next(_numbers))
    return {
        "order_id": number, "shop": shop.name, "order_value": value, "currency": currency, "coupons": list(coupons),
    }  # fmt: skip


def uniqodo(spelled: str) -> dict[str, str]:
    """A code of theirs."""
    return code(spelled, "uniqodo", validation_key="f458")


@contextlib.contextmanager
def stage(broker_url: str, partners: Sandbox, directory: Path, settings: Mapping[str, str]) -> Iterator[Stage]:
    """Worker and Flower running, and nothing in the ledger yet."""
    ours = {**FAST, "FLOWER__BASIC_AUTH": ":".join(LOGIN), **settings}
    with (
        System(broker_url, partners.url, [UK, DE, FR], directory, ours) as system,
        system.worker() as worker,
        FlowerProcess(system.environment, directory / "flower.log") as flower,
    ):
        yield Stage(system, worker, flower, partners)


def a_bad_day(on: Stage) -> None:
    """Good business, and of everything that goes wrong a little."""
    ledger = on.system.ledger
    ledger.pause(Account("uniqodo", DE.name))
    on.partners.fail("503", account=FR.number)
    late = [event(FR, value, code(f"ETE-{n}")) for n, value in enumerate(("89.00", "129.50", "310.00", "24.90"))]
    fine = [event(shop, value, code(f"SKD{n}XR")) for n, (shop, value) in enumerate(_SALES)]
    paused = [event(DE, "75.25", uniqodo("UQ-WARTET-1")), event(DE, "219.00", uniqodo("UQ-WARTET-2"))]
    on.system.emit(*_rejections(), *paused, *late, *fine)
    with BareProducer(on.system.broker_url) as stranger:
        stranger.send([event(UK, "59.00", code("SKD9XR"), currency="GBP") | {"coupon_code": "SKD9XR"}])
    _fortnight(on)
    eventually(lambda: on.system.breaker("sovendus", FR) == "open")
    eventually(lambda: ledger.redis.zcard(ledger.key("dead")) >= _DEAD)
    eventually(lambda: int(ledger.redis.hget(ledger.key("tally", "sovendus:de"), "redeemed") or 0) >= _SOLD_BY_DE)


_SALES: Final = tuple((shop, f"{19 + 23 * n % 240}.90") for n, shop in enumerate((UK, DE, UK, UK, DE, UK, DE, UK) * 6))
_SOLD_BY_DE: Final = sum(shop is DE for shop, _ in _SALES)
_EXPIRED: Final = ("219.99", "89.50", "1249.00", "64.00", "310.10", "45.00", "27.80")
_DEAD: Final = len(_EXPIRED) + 5


def _rejections() -> list[dict[str, Any]]:
    expired = [event(UK, value, uniqodo(f"AUTUMN-EXPIRED-{n}"), currency="GBP") for n, value in enumerate(_EXPIRED)]
    bare = event(UK, "0", uniqodo("UQ-BARE-1"))
    del bare["order_value"], bare["currency"]
    return [
        *expired,
        bare,
        event(UK, "75.25", uniqodo("REDEEMED-9"), currency="EUR"),
        event(UK, "120.00", uniqodo("UNKNOWN-22"), currency="GBP"),
        event(UK, "44.00", code("SKD77"), currency="GBP") | {"shop": "nl"},
    ]


def _fortnight(on: Stage) -> None:
    """What the days before were like: the counters that the plots are drawn from."""
    ledger = on.system.ledger
    today = ledger.now().date()
    for row, name in enumerate(("sovendus:uk", "sovendus:de", "uniqodo:uk", "uniqodo:de", "sovendus:fr", "uniqodo:fr")):
        for back in range(1, 14):
            day = today.fromordinal(today.toordinal() - back).isoformat()
            busy = (1.5 if today.fromordinal(today.toordinal() - back).weekday() in (4, 5) else 1) / (1 + row * 0.6)
            ledger.redis.hset(ledger.key("daily", name), f"{day}:redeemed", int(busy * (160 + back * 37 % 90)))
            if (back * 7 + row * 3) % 5 == 0:
                ledger.redis.hset(ledger.key("daily", name), f"{day}:dead", 3 + back * 5 % 19)
