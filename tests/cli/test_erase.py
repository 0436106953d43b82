"""`redeem erase`: what it says before and after, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from redis import Redis

from tasks.orders import hash_email
from tasks.outcomes import Buried, Nothing
from tests.cli.conftest import Run, Worker, event, lines, uniqodo

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


def test_what_was_never_reported_is_told_with_its_money(redeem: Run, worker: Worker) -> None:
    two = event("145789", coupons=[*uniqodo("EXPIRED-1"), {"code": "SKD1"}])
    assert redeem("emit", "-", stdin=lines(two)).status == 0
    worker.work("uniqodo:uk:145789:EXPIRED-1")
    refused = redeem("erase", "--order", "145789")
    assert refused.status == 1
    assert "NOT REPORTED and never will be: 2 redemptions, worth 219.99 GBP" in refused.out
    assert "uniqodo:uk:145789:EXPIRED-1  dead" in refused.out
    assert f"refused: order 145789, not sent yet: {DONE} (add --unreported to give them up)" in refused.out
    row = redeem("erase", "--order", "145789", "--json").row
    assert (row["erased"], row["money_unreported"]) == (False, {"GBP": "219.99"})
    assert [one["ids"] for one in row["refused"]] == [[DONE]]
    assert redeem("erase", "--order", "145789", "--yes", "--json").row["erased"] is False
    assert redeem("erase", "--order", "145789", "--yes", "--unreported", "--json").row["counts"]["redemptions"] == 2
    assert worker.work(DONE) == Nothing("unknown")


def test_a_redemption_that_cannot_be_sent_without_the_customer_is_named(
    redeem: Run, worker: Worker, configured: Callable[..., None]
) -> None:
    configured(SHOPS__UK__SOVENDUS__REQUIRE_EMAIL_HASH="true")
    assert redeem("emit", "-", stdin=lines(event("145789", email=ADDRESS), event("145790", shop="de"))).status == 0
    ran = redeem("erase", "--email", ADDRESS)
    assert ran.status == 0
    assert f"CANNOT BE SENT any more: {DONE}  incomplete: " in ran.out
    assert redeem("erase", "--email-hash", HASH.upper(), "--yes").status == 0
    strict = Worker()
    try:
        assert isinstance(strict.work(DONE), Buried)
    finally:
        strict.close()
    assert worker.record(DONE).reason == "incomplete"


@pytest.mark.usefixtures("configured")
def test_the_address_is_told_to_nobody(redeem: Run, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    assert redeem("emit", "-", stdin=lines(event("145789", email=ADDRESS))).status == 0
    caplog.set_level("DEBUG")
    for words in (["--email", ADDRESS], ["--email", ADDRESS, "--json"], ["--email", ADDRESS, "--yes"]):
        ran = redeem("erase", *words)
        assert ran.status == 0
        for told in (ADDRESS.lower(), "jane", HASH):
            assert told not in (ran.out + ran.err + caplog.text).lower()
    everything = repr([redis.hgetall(f"redeem:redemption:{DONE}"), redis.xrange("redeem:audit")])
    assert "by email: 1 masked" in everything
    assert HASH not in everything


WRONG = (
    "",
    "--shop uk",
    f"--shop uk --email {ADDRESS}",
    "--email Jane",
    "--email-hash 12",
    "--order=",
)


@pytest.mark.parametrize("words", WRONG)
def test_wrong_use_is_told_and_repeats_nothing_personal(redeem: Run, words: str) -> None:
    ran = redeem("erase", *words.split())
    assert ran.status == 2
    assert "jane" not in ran.err.lower()


@pytest.mark.usefixtures("configured")
def test_nothing_found_is_a_no(redeem: Run) -> None:
    for words in (["--order", "1"], ["--customer", "1", "--yes"], ["--email", ADDRESS, "--yes", "--json"]):
        ran = redeem("erase", *words)
        assert (ran.status, "nothing found" in ran.err) == (1, True)
    assert redeem("audit", "--json").rows == []


@pytest.mark.usefixtures("reported")
def test_what_redis_refuses_to_write_anew_is_said(
    redeem: Run, redis: Redis, configured: Callable[..., None], broker_url: str
) -> None:
    redis.acl_setuser(
        "clerk", enabled=True, passwords="+pw", keys="*", channels="*", commands=["+@all", "-bgrewriteaof"]
    )
    try:
        configured(BROKER_URL=broker_url.replace("redis://", "redis://clerk:pw@"))
        ran = redeem("erase", "--order", "145789", "--yes")
    finally:
        redis.acl_deluser("clerk")
    assert ran.status == 0
    assert "NOT  append-only file  Redis refuses BGREWRITEAOF" in ran.out
    assert "redis.exceptions" not in ran.err
