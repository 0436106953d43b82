"""Metrics for Prometheus: the ledger's counters and how things stand, told by any worker, the same by each."""

from worker.metrics.collector import exposition
from worker.metrics.endpoint import MetricsEndpoint

__all__ = ["MetricsEndpoint", "exposition"]
