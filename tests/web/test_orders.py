"""POST /orders: what is answered with 202 is journaled, and nothing else is."""

from __future__ import annotations

from redis import Redis

from tests.web.conftest import Web, event


def test_an_order_is_journaled_before_it_is_answered(web: Web, redis: Redis) -> None:
    answer = web.post("/orders", event())
    assert (answer.status_code, answer.headers["Content-Type"]) == (202, "application/json")
    assert answer.json() == {"accepted": [{"order_id": "145789", "redemptions": ["sovendus:uk:145789:SKD1"]}]}
    assert redis.hget("redeem:redemption:sovendus:uk:145789:SKD1", "state") == "queued"
    assert redis.llen("sovendus") == 1
