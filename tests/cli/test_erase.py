"""`redeem erase`: what it says before and after, and what it refuses."""

from __future__ import annotations

import pytest
from redis import Redis

from tasks.orders import hash_email
from tests.cli.conftest import Run, Worker, event, lines

ADDRESS = "Jane.Doe@example.com"
HASH = hash_email(ADDRESS)
DONE = "sovendus:uk:145789:SKD1"
OTHER = "sovendus:uk:145790:SKD1"


@pytest.fixture
def reported(redeem: Run, worker: Worker) -> None:
    """Two orders that were reported."""
    assert redeem("emit", "-", stdin=lines(event("145789", email=ADDRESS), event("145790"))).status == 0
    worker.work(DONE)
    worker.work(OTHER)


@pytest.mark.usefixtures("reported")
def test_without_yes_it_says_what_would_go_and_does_nothing(redeem: Run, redis: Redis) -> None:
    before = redis.dbsize()
    ran = redeem("erase", "--order", "145789")
    assert ran.status == 0
    assert "1  redemptions" in ran.out
    assert "redeemed 1" in ran.out
    assert "1  entries of the outcome stream" in ran.out
    assert "add --yes" in ran.out
    assert redis.dbsize() == before
    assert redeem("show", DONE).status == 0


@pytest.mark.usefixtures("reported")
def test_an_order_goes_and_all_others_stay(redeem: Run, redis: Redis) -> None:
    ran = redeem("erase", "--order", "145789", "--yes")
    assert ran.status == 0, ran.err
    assert "ok   append-only file  written anew" in ran.out
    assert redeem("show", DONE).status == 1
    assert redeem("show", OTHER).status == 0
    assert redis.xlen("redeem:outcomes") == 1
    audit = redeem("audit", "--json").rows
    assert [(one["action"], one["count"], one["what"]) for one in audit] == [
        ("erase", 3, "by order: 1 messages, 1 outcomes, 1 redemptions")
    ]
    assert redeem("erase", "--order", "145789", "--yes").status == 1


@pytest.mark.usefixtures("reported")
def test_an_erased_order_that_comes_again_is_known_already(redeem: Run) -> None:
    assert redeem("erase", "--order", "145789", "--yes").status == 0
    again = redeem("emit", "-", stdin=lines(event("145789")))
    assert again.status == 0
    assert "known already" in again.out
    assert redeem("show", DONE).status == 1
