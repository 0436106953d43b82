"""A mistake of ours in an attempt loses nothing: it is made again when its lease ends, and is buried at last."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from redis import Redis

from tasks.acceptance import accept
from tasks.intake import account_of
from tasks.ledger import State
from tasks.ledger.ledger import CRASHES_ALLOWED
from tasks.outcomes import Buried
from tasks.redeeming import attempt, lease_for
from tests.tasks.examples import order, settings
from tests.tasks.ledger.clock import let_pass
from worker.composition import RedeemApp, create_app

ID = "sovendus:uk:145789:AB12E3GH"


@pytest.fixture
def app(broker_url: str) -> Iterator[RedeemApp]:
    made = create_app(settings(BROKER_URL=broker_url))
    yield made
    made.runtime.client("sovendus").close()
    made.runtime.ledger.redis.close()
    made.close()


def test_it_is_rung_for_again_when_its_lease_ends_and_is_buried_after_some(app: RedeemApp, redis: Redis) -> None:
    ledger = app.runtime.ledger
    accept(app, app.runtime, order())
    redis.hset(f"redeem:redemption:{ID}", "completed_at", "what no version of ours ever wrote")
    account, _ = account_of(app.runtime.settings, "sovendus", "uk")
    lease = lease_for(app.runtime.client("sovendus").call_timeout)
    ledger.wake(account, limit=9, longest_lease=lease)
    let_pass(redis, lease)  # the first look of all counts as the end of an outage
    for _ in range(CRASHES_ALLOWED):
        with pytest.raises(ValueError, match="isoformat"):
            attempt(app.runtime, "sovendus", ID)
        record = ledger.find(ID)
        assert record is not None
        assert record.state is State.SENDING
        let_pass(redis, lease + 1)
        assert ID in ledger.wake(account, limit=9, longest_lease=lease).rung

    last = attempt(app.runtime, "sovendus", ID)
    assert isinstance(last, Buried)
    assert last.error.reason == "crashed"
    record = ledger.find(ID)
    assert record is not None
    assert (record.state, record.reason) == (State.DEAD, "crashed")
