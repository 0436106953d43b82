from __future__ import annotations

from tasks.events import parse_event
from worker.dev.stack.sample_orders import sample_orders


def test_they_are_valid_events() -> None:
    for event in sample_orders(1_795_310_664):
        parse_event(event)


def test_each_run_has_order_ids_of_its_own() -> None:
    first, second = sample_orders(1_795_310_664), sample_orders(1_795_310_665)
    assert not {event["order_id"] for event in first} & {event["order_id"] for event in second}
    assert first[0]["order_id"] == "TOVQKO-1"
