"""What nobody expected: the caller is told so and no more, log and Sentry tell it, and nobody sees what was sent."""

from __future__ import annotations

from redis import Redis

from tests.acceptance.kit.ingest import Ingest
from tests.acceptance.kit.polling import eventually
from tests.tasks.examples import KEY
from tests.web.conftest import SECRETS, TOKENS, Served, event

PRIVATE = ("j4ne", "4711-private", "valkey-4711", *TOKENS.values(), *SECRETS.values(), KEY)


def test_a_mistake_of_ours_is_a_500_and_shows_nothing_of_what_was_sent(
    web: Served, redis: Redis, sentry: Ingest
) -> None:
    redis.set("redeem:redemption:sovendus:uk:broken:4711-PRIVATE", "no record")
    coupon = {"code": "4711-private", "validation_key": "valkey-4711", "provenance": "sovendus"}
    whole = event("broken", coupons=[coupon], email="j4ne@example.com")
    answer = web.post("/orders?q=4711-private", whole, headers={"Cookie": "4711-private", "X-Own": "4711-private"})
    assert (answer.status_code, answer.json()["type"]) == (500, "urn:redeem:problem:failed")
    reported = eventually(lambda: b"".join(sentry.envelopes()).decode(), what="the report to Sentry")
    assert "web.failed" in web.log()
    assert "web.failed" in reported
    assert "worker/web/journal.py" in reported
    for place in (answer.text, web.log(), web.said(), reported):
        for private in PRIVATE:
            assert private.lower() not in place.lower()
