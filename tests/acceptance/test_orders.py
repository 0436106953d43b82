"""What an order becomes: one call a code, whichever door it came by, and never a second one."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tasks.ledger import State
from tests.acceptance.kit import code, eventually, order

if TYPE_CHECKING:
    from tests.acceptance.kit import Shop, System
    from worker.dev.sandbox import Sandbox

pytestmark = pytest.mark.usefixtures("worker")


def calls_of(shop: Shop, partners: Sandbox) -> list[tuple[str | None, str | None]]:
    calls = [*partners.calls(account=shop.number), *partners.calls(account=shop.api_key)]
    return sorted((call.partner, call.code) for call in calls)


@pytest.mark.parametrize("first_door", ["emit", "celery"])
def test_an_order_is_one_call_a_code_and_none_when_it_comes_again(
    first_door: str, shop: Shop, system: System, partners: Sandbox
) -> None:
    unique = f"Uni-{shop.name}"
    event = order(shop, "1", code("AbC1"), code("SKD-2", "sovendus"), code(unique, validation_key="vk"))
    again = order(
        shop,
        "1",
        *(code(" aBc1 "), code("\tskd-2"), code(f"{unique.upper()} ", validation_key="vk")),
        order_value="48.00",
    )
    ids = [*shop.ids("sovendus", "1", "AbC1", "SKD-2"), *shop.ids("uniqodo", "1", unique)]
    once = [("sovendus", "AbC1"), ("sovendus", "SKD-2"), ("uniqodo", unique)]

    if first_door == "emit":
        assert system.emit(event) == ids
    else:
        system.send(event)
    assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
    assert calls_of(shop, partners) == once

    if first_door == "emit":
        system.send(again)
    else:
        (told,) = system.redeem_json("emit", "-", stdin=json.dumps(again))
        assert told["results"] == dict.fromkeys(ids, "known already")
    # Its other value shows that it has been looked at.
    eventually(lambda: all("later_content" in record.fields for record in system.records(ids)))
    # Had it been rung for, that would be done before this one, which follows through the same queues.
    system.send(order(shop, "2", code("MARKER"), code(f"MARKER-{shop.name}", "uniqodo")))
    system.until_settled([*shop.ids("sovendus", "2", "MARKER"), *shop.ids("uniqodo", "2", f"MARKER-{shop.name}")])
    markers = [("sovendus", "MARKER"), ("uniqodo", f"MARKER-{shop.name}")]
    assert calls_of(shop, partners) == sorted([*once, *markers])
    assert [record.attempts for record in system.records(ids)] == [1, 1, 1]


def test_an_order_without_codes_is_no_call_and_no_error(shop: Shop, system: System, partners: Sandbox) -> None:
    bare = order(shop, "1")
    del bare["coupons"]
    own = order(shop, "3", code("STAFF-10", "none"))
    assert system.emit(bare, order(shop, "2"), own) == []
    system.send(bare | {"order_id": "4"}, order(shop, "5"), own | {"order_id": "6"}, order(shop, "7", code("MARKER")))
    system.until_settled(shop.ids("sovendus", "7", "MARKER"))
    assert calls_of(shop, partners) == [("sovendus", "MARKER")]
    assert system.redeem_json("dead", "list", "--shop", shop.name) == []


def test_the_same_orders_from_both_doors_at_once_are_reported_once(
    shop: Shop, system: System, partners: Sandbox
) -> None:
    events = [order(shop, f"{n}", code(f"{shop.name}-{n}")) for n in range(40)]
    with ThreadPoolExecutor() as doors:
        celery = doors.submit(system.send, *events, *reversed(events))
        ids = system.emit(*reversed(events))
        celery.result()
    assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}
    assert len(partners.calls(account=shop.number)) == len(events)


def test_a_second_system_that_does_not_know_the_issuer_is_told_that_it_is_known(
    shop: Shop, system: System, partners: Sandbox
) -> None:
    unique = f"UNI-{shop.name}"
    ids = shop.ids("uniqodo", "1", unique)
    assert system.emit(order(shop, "1", code(unique, validation_key="vk"))) == ids
    assert {record.state for record in system.until_settled(ids)} == {State.REDEEMED}

    assert system.emit(order(shop, "1", code(unique.lower()))) == ids
    assert calls_of(shop, partners) == [("uniqodo", unique)]
