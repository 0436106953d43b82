"""How fast a shop may send: the bucket by itself, and what the door says when it is empty."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.web.conftest import TOKENS, event, serving
from worker.web.rates import Rates


def test_ten_seconds_worth_may_come_at_once() -> None:
    rates = Rates(5)
    for _ in range(50):
        assert rates.wait("uk", 0.0) == 0
        rates.take("uk", 1, 0.0)
    assert rates.wait("uk", 0.0) == 1
    assert rates.wait("uk", 0.19) == 1
    assert rates.wait("uk", 0.21) == 0


def test_a_batch_larger_than_the_bucket_gets_through_and_is_worked_off() -> None:
    rates = Rates(2)
    assert rates.wait("uk", 0.0) == 0
    rates.take("uk", 1000, 0.0)
    wait = rates.wait("uk", 0.0)
    assert rates.wait("uk", wait - 1.0) > 0
    assert rates.wait("uk", float(wait)) == 0


def test_each_shop_has_a_bucket_of_its_own() -> None:
    rates = Rates(1)
    rates.take("uk", 100, 0.0)
    assert rates.wait("uk", 0.0)
    assert not rates.wait("de", 0.0)


def test_without_a_rate_there_is_no_limit() -> None:
    rates = Rates(0)
    rates.take("uk", 10**9, 0.0)
    assert rates.wait("uk", 0.0) == 0


@given(rate=st.floats(0.001, 1e6), counts=st.lists(st.integers(1, 1000), max_size=50), step=st.floats(0, 100))
def test_who_waits_as_told_gets_in_and_the_average_is_kept(rate: float, counts: list[int], step: float) -> None:
    rates, now, taken = Rates(rate), 0.0, 0
    for count in counts:
        now += step
        now += rates.wait("uk", now)
        assert rates.wait("uk", now) == 0
        assert taken <= (now * rate + max(1, rate * 10)) * (1 + 1e-9) + 1e-6  # before this one
        rates.take("uk", count, now)
        taken += count


def test_who_is_too_fast_is_told_when_to_come_again(broker_url: str) -> None:
    with serving(broker_url, WEB__ORDERS_PER_SECOND="0.1") as web:
        assert web.post("/orders", [event("1"), event("2"), event("3")]).status_code == 202
        refused = web.post("/orders", event("4"))
        assert (refused.status_code, int(refused.headers["Retry-After"]) >= 20) == (429, True)
        assert web.post("/orders", event("4"), token=TOKENS["de"]).status_code == 202
        assert web.get("/redemptions/sovendus:uk:1:SKD1").status_code == 200


def test_refused_events_count_too(broker_url: str) -> None:
    with serving(broker_url, WEB__ORDERS_PER_SECOND="0.1") as web:
        assert web.post("/orders", {}).status_code == 422
        assert web.post("/orders", {}).status_code == 429
