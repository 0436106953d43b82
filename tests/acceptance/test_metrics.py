"""A worker's port for Prometheus, and the command that prints the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import requests
from prometheus_client.parser import text_string_to_metric_families

from tests.acceptance.kit import code, eventually, order
from tests.ports import lasting_port

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.acceptance.kit import Shop, System
    from worker.dev.sandbox import Sandbox


def number_of(text: str, name: str, **labels: str) -> float:
    """The sum of a metric's samples with these labels."""
    samples = [sample for family in text_string_to_metric_families(text) for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name == name and labels.items() <= sample.labels.items())


def test_workers_tell_what_was_reported_and_what_waits(
    make_system: Callable[..., System], shop: Shop, partners: Sandbox
) -> None:
    port = lasting_port()
    system = make_system(shop, METRICS__PORT=str(port))

    def told() -> str:
        return requests.get(f"http://127.0.0.1:{port}/metrics", timeout=5).text

    ill = f"LATER-{shop.name}-503X*"
    with system.worker("first"):
        system.emit(order(shop, "1", code("A"), code("B")), order(shop, "2", code(ill)))
        here = {"partner": "sovendus", "shop": shop.name}
        eventually(lambda: number_of(told(), "redeem_redemptions_total", outcome="redeemed", **here) == 2)
        eventually(lambda: number_of(told(), "redeem_calls_total", outcome="transient", **here) >= 1)
        assert number_of(told(), "redeem_call_seconds_count", **here) >= 3
        assert number_of(told(), "redeem_broker_up") == 1
        assert number_of(system.redeem("metrics"), "redeem_redemptions_total", outcome="redeemed", **here) == 2
        # Its port is taken: it says so, and works all the same.
        with system.worker("second") as second:
            assert "metrics.port_taken" in second.log.read_text()
    assert partners.calls(account=shop.number)
