"""What is told when Prometheus asks: the figures of now, from a survey that may be some seconds old.

Looking at everything that waits takes longer the more it is, so the survey is repeated only when twenty times as long
has passed as the last one took: asking often, or with a million waiting, costs at most a twentieth of one core. Those
who ask at the same time share one look: where Redis hangs, nobody waits for what the others have waited already.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from importlib import metadata
from typing import Final

import structlog
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

from tasks.persistence import UNAVAILABLE
from tasks.runtime import Runtime
from tasks.standing.figures import read_figures
from tasks.standing.survey import Survey, survey
from worker.metrics.families import families

_SHARE: Final = 20  # times as long as a survey took, until the next
_AT_LEAST: Final = 5.0  # seconds

log = structlog.get_logger("redeem.metrics")


class LedgerCollector(Collector):
    """Tells the ledger's figures; of a broker that is away, that it is. For any thread."""

    def __init__(self, runtime: Runtime) -> None:
        self._runtime = runtime
        self._lock = threading.Lock()
        self._look: Future[list[Metric]] | None = None
        """Under way; the rest is its thread's alone."""
        self._survey: Survey | None = None
        self._took = 0.0
        self._made = 0.0

    def describe(self) -> list[Metric]:
        """Nothing: a registry would otherwise collect once to learn the names, and that asks the broker."""
        return []

    @override
    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("redeem_broker_up", "Whether the broker answered.", value=1)
        version = GaugeMetricFamily("redeem_info", "Which Redeem this is.", labels=("version",))
        version.add_metric([metadata.version("redeem")], 1)
        try:
            told = self._told()
        except UNAVAILABLE:
            up, told = GaugeMetricFamily("redeem_broker_up", "Whether the broker answered.", value=0), []
        yield from (version, up, *told)

    def _told(self) -> list[Metric]:
        with self._lock:
            under_way = self._look
            look = self._look = under_way or Future()
        if under_way is None:
            try:
                look.set_result([*families(read_figures(self._runtime, self._recent())), *self._age()])
            except BaseException as error:  # noqa: BLE001 - raised below, and by all who wait for it
                look.set_exception(error)
                if isinstance(error, UNAVAILABLE):
                    log.warning("metrics.broker_away", error=str(error))
            finally:
                with self._lock:
                    self._look = None
        return look.result()

    def _recent(self) -> Survey:
        now = time.monotonic()
        if self._survey is None or now - self._made > max(_AT_LEAST, _SHARE * self._took):
            self._survey = survey(self._runtime.ledger)
            self._made = time.monotonic()
            self._took = self._made - now
        return self._survey

    def _age(self) -> Iterator[Metric]:
        yield GaugeMetricFamily("redeem_survey_seconds", "How long the last look at all took.", value=self._took)
        age = time.monotonic() - self._made
        yield GaugeMetricFamily("redeem_survey_age_seconds", "How old what waits and is dead is told.", value=age)


def registry_of(runtime: Runtime) -> CollectorRegistry:
    """A registry that holds the ledger's figures and nothing of this process."""
    registry = CollectorRegistry()
    registry.register(LedgerCollector(runtime))
    return registry


def exposition(runtime: Runtime) -> bytes:
    """All metrics once, as Prometheus' text format 0.0.4."""
    return generate_latest(registry_of(runtime))
