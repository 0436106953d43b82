"""An outage of hours in minutes: one partner is down while tens of thousands of redemptions wait for it.

Every wait that the settings know is shortened sixtyfold, so a second here is a minute there. A soak of an hour:

    ./run python -m tests.acceptance.campaigns outage --orders 50000 --faults 3600
"""

from __future__ import annotations

import time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

from tests.acceptance.campaigns.evidence import Promise
from tests.acceptance.campaigns.gauges import ResidentMemory, rank_correlation
from tests.acceptance.campaigns.stage import Stage
from tests.acceptance.campaigns.traffic import Traffic
from tests.acceptance.campaigns.trickle import Trickle, percentile
from tests.acceptance.kit import code, eventually, order

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.acceptance.campaigns.report import Report
    from tests.acceptance.campaigns.sizes import Sizes
    from worker.dev.sandbox import Call

_MINUTE: Final = 1.0
_SETTINGS: Final = {
    "RETRY__BASE": "0.1",
    "RETRY__CAP": f"{15 * _MINUTE}s",
    "BREAKER__PROBE_AFTER": "0.1",
    "BREAKER__PROBE_CAP": f"{_MINUTE}s",
}
_AT_REST: Final = 2000  # redemptions that the normal rate is measured with
_TRICKLE: Final = 0.1  # seconds between two orders for the partner that is well
_CALM: Final = 15.0  # seconds of trickle before the outage
_BATCH: Final = 1000  # orders a `redeem emit`
_DRAINED_WITHIN: Final = 1800.0
_DOWN: Final = 503


def outage(directory: Path, sizes: Sizes) -> Report:
    """Hours of outage of one partner in as many minutes: all orders wait for it, `faults` seconds from when they do."""
    with Stage(directory, sizes, _SETTINGS) as stage, stage.workers(1) as supervisor:
        course = _Course(stage)
        supervisor.until_ready(supervisor.workers[0])
        course.measure_normal_rate()
        with ResidentMemory(supervisor.workers[0].pid) as memory, Trickle(course.system, course.shop, _TRICKLE) as well:
            time.sleep(_CALM)
            before = well.sent()
            course.begin()
            while_waiting = course.wait(well)
            course.recover()
        stage.measured |= {
            "worker's memory, MB": memory.told(),
            "other partner, ms p50/p99 before": _told(well.latencies(before)),
            "other partner, ms p50/p99 during": _told(well.latencies(while_waiting)),
        }
        traffic = Traffic(stage.system, [])
        traffic.acknowledged["emit"] = len(course.events)
        promises = [course.promise(event) for event in course.events]
        promises += [course.promise(event, "sovendus") for event in well.sent()]
        stage.until_settled(traffic)
        return stage.report("outage", traffic, promises)


class _Course:
    """The outage's steps, in order; each notes what it measures."""

    def __init__(self, stage: Stage) -> None:
        self.stage, self.system, self.shop = stage, stage.system, stage.shops[0]
        self.events: list[dict[str, Any]] = []
        self._normal = 0.0

    def measure_normal_rate(self) -> None:
        """A backlog with everything well: opened while the account is paused, and let go."""
        self.system.redeem("pause", "--partner", "uniqodo", "--shop", self.shop.name)
        self._emit(_AT_REST)
        self.system.redeem("resume", "--partner", "uniqodo", "--shop", self.shop.name)
        calls = self._answered(_AT_REST)
        self._normal = _rate(calls)
        self.stage.measured["normal rate, calls/s"] = round(self._normal)

    def begin(self) -> None:
        """The partner goes down, and orders keep coming."""
        self.stage.partners.fail(str(_DOWN), account=self.shop.api_key)
        self.stage.faults["partner down"] += 1
        used = self._used_memory()
        self._emit(self.stage.sizes.orders)
        self.stage.measured["Redis bytes a waiting redemption"] = round(
            (self._used_memory() - used) / self.stage.sizes.orders
        )

    def wait(self, well: Trickle) -> list[dict[str, Any]]:
        """The outage, with everything waiting; the trickle's orders of that time."""
        first, calls = len(well.sent()), len(self._calls())
        time.sleep(self.stage.sizes.faults)
        during, probes = well.sent()[first:], len(self._calls()) - calls
        began = time.monotonic()
        row = self.system.status("uniqodo", self.shop)
        self.stage.measured |= {
            "`redeem status`, s": round(time.monotonic() - began, 1),
            "its breaker": row["breaker"],
            "waiting": row["queued"] + row["retrying"] + row["sending"],
            "calls to the ill partner": sum(call.status == _DOWN for call in self._calls()),
            "of them with everything waiting": f"{probes} in {self.stage.sizes.faults} s",
        }
        return during

    def recover(self) -> None:
        """The partner is back: how fast, and in which order, it gets what waited."""
        self.stage.partners.clear_faults(account=self.shop.api_key)
        calls = self._answered(len(self.events))[_AT_REST:]
        places = {event["order_id"]: place for place, event in enumerate(self.events[_AT_REST:])}
        order = [places[str(call.order_id)] for call in calls]
        rate = _rate(calls)
        self.stage.measured |= {
            "drain rate, calls/s": round(rate),
            "drain rate to the normal one": round(rate / self._normal, 2),
            "drain order, rank correlation": round(rank_correlation(order), 4),
            "drain order, furthest out of place": max(abs(place - found) for place, found in enumerate(order)),
        }

    def promise(self, event: dict[str, Any], partner: str = "uniqodo") -> Promise:
        """What the door has promised of an event."""
        (id_,) = self.shop.ids(partner, event["order_id"], event["coupons"][0]["code"])
        return Promise(id_, event["order_id"], Decimal(event["order_value"]), event["currency"])

    def _emit(self, count: int) -> None:
        first = len(self.events)
        numbers = [f"N{number}" for number in range(first, first + count)]
        self.events += [order(self.shop, number, code(f"CODE-{number}", "uniqodo")) for number in numbers]
        for start in range(first, first + count, _BATCH):
            self.system.emit(*self.events[start : start + _BATCH][: first + count - start])

    def _calls(self) -> list[Call]:
        return self.stage.partners.calls(account=self.shop.api_key)

    def _answered(self, count: int) -> list[Call]:
        """The calls that the partner booked, once so many are recorded."""
        tally = self.system.ledger.key("tally", f"uniqodo:{self.shop.name}")

        def recorded() -> int:
            return sum(int(count or 0) for count in self.system.ledger.redis.hmget(tally, ["redeemed", "presumed"]))

        eventually(lambda: recorded() >= count, within=_DRAINED_WITHIN, what="drained")
        return [call for call in self._calls() if call.committed]

    def _used_memory(self) -> int:
        return int(self.system.ledger.redis.info("memory")["used_memory"])


def _rate(calls: Sequence[Call]) -> float:
    """Calls a second, the first tenth, where the pace grows, aside."""
    steady = calls[len(calls) // 10 :]
    return len(steady) / (steady[-1].arrived - steady[0].arrived)


def _told(latencies: list[float]) -> str:
    return f"{percentile(latencies, 0.5)} / {percentile(latencies, 0.99)} of {len(latencies)}"
