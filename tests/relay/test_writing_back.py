"""What became of a row's redemptions stands in the row, and no row is touched that says so already."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
from redis import Redis

from tests.cli.conftest import Run, Worker, event
from tests.relay.erp import ON_SQLITE
from worker.dev.sandbox import Sandbox
from worker.relay.relay import Relay
from worker.relay.table import RowState
from worker.relay.writing_back import look

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.relay.erp import Outbox

SKD1, SKD2 = "sovendus:uk:1:SKD1", "sovendus:uk:1:SKD2"
EXPIRED = "uniqodo:uk:1:EXPIRED-1"


def mixed(*codes: str) -> dict[str, object]:
    """An order whose codes are Uniqodo's where they have a `-`, and Sovendus' otherwise."""
    coupons = [{"code": code, "provenance": "uniqodo" if "-" in code else "sovendus"} for code in codes]
    return event("1") | {"coupons": coupons}


def test_the_partners_yes_stands_in_the_row(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    before = datetime.now(UTC) - timedelta(seconds=5)
    outbox.add(event("1", "SKD1", "SKD2"))
    relay.once()
    worker.work(SKD1)
    assert relay.once().open == {"queued": 1}
    half = outbox.row()
    assert (half["state"], half["reported_at"]) == ("queued", None)
    assert set(json.loads(half["receipt"])) == {SKD1}
    worker.work(SKD2)
    summary = relay.once()
    assert (summary.written_back, summary.open) == (1, {})
    row = outbox.row()
    assert (row["state"], row["error"]) == ("redeemed", None)
    told = json.loads(row["receipt"])
    assert told[SKD2]["status"] == 200
    assert told[SKD2]["state"] == "redeemed"
    assert before < datetime.fromisoformat(told[SKD1]["reported_at"]) <= row["reported_at"]
    assert row["reported_at"] == datetime.fromisoformat(told[SKD2]["reported_at"])
    assert relay.once().written_back == 0


@ON_SQLITE
def test_what_is_dead_says_why_until_a_person_brings_it_back(
    outbox: Outbox, relay: Relay, worker: Worker, redeem: Run
) -> None:
    outbox.add(mixed("SKD1", "EXPIRED-1"))
    relay.once()
    worker.work(SKD1)
    worker.work(EXPIRED)
    relay.once()
    row = outbox.row()
    assert (row["state"], row["reported_at"]) == ("dead", None)
    assert row["error"].startswith(f"{EXPIRED}: rejected: ")
    assert row["error"].endswith("(202)")
    assert redeem("dead", "replay", EXPIRED).status == 0
    relay.once()
    row = outbox.row()
    assert (row["state"], row["error"]) == ("queued", None)


@ON_SQLITE
def test_a_letter_that_lives_on_under_another_code_is_followed(
    outbox: Outbox, relay: Relay, worker: Worker, redeem: Run
) -> None:
    outbox.add(mixed("EXPIRED-1"))
    relay.once()
    worker.work(EXPIRED)
    relay.once()
    assert redeem("dead", "replay", EXPIRED, "--set", "code=AB-12").status == 0
    worker.work("uniqodo:uk:1:AB-12")
    relay.once()
    row = outbox.row()
    assert (row["state"], row["redemptions"]) == ("redeemed", '["uniqodo:uk:1:AB-12"]')


@ON_SQLITE
def test_a_letter_that_is_closed_closes_its_row(outbox: Outbox, relay: Relay, worker: Worker, redeem: Run) -> None:
    outbox.add(mixed("EXPIRED-1", "SKD1"))
    relay.once()
    worker.work(EXPIRED)
    worker.work(SKD1)
    assert redeem("dead", "discard", EXPIRED).status == 0
    relay.once()
    row = outbox.row()
    assert (row["state"], row["reported_at"]) == ("discarded", None)


@ON_SQLITE
def test_a_retry_is_told(outbox: Outbox, relay: Relay, worker: Worker, sandbox: Sandbox) -> None:
    sandbox.fail("503")
    outbox.add(event("1"))
    relay.once()
    worker.work(SKD1)
    assert relay.once().open == {"retrying": 1}
    assert outbox.row()["state"] == "retrying"


def test_a_row_that_is_mended_and_sent_anew_while_it_is_looked_at_is_left_alone(
    outbox: Outbox, relay: Relay, worker: Worker
) -> None:
    (number,) = outbox.add(event("1"))
    relay.once()
    worker.work(SKD1)
    anew = outbox.row()["sent_at"] + timedelta(seconds=1)

    def mend(*_: object) -> None:
        outbox.change(number, sent_at=anew, redemptions=f'["{SKD2}"]')

    # When the relay has read the row, and before it writes.
    sa.event.listen(relay.database.engine, "checkin", mend, once=True)
    look(relay.database, relay.door, RowState.QUEUED, after=None)
    row = outbox.row()
    assert (row["state"], row["redemptions"]) == ("queued", f'["{SKD2}"]')


@ON_SQLITE
def test_a_row_that_the_erp_deletes_is_missed_by_nobody(outbox: Outbox, relay: Relay, worker: Worker) -> None:
    gone, _ = outbox.add(event("1"), event("2"))
    relay.once()
    outbox.delete(gone)
    worker.work(SKD1)
    worker.work("sovendus:uk:2:SKD1")
    assert relay.once().written_back == 1


@ON_SQLITE
def test_what_the_ledger_forgot_is_handed_in_again(outbox: Outbox, relay: Relay, worker: Worker, redis: Redis) -> None:
    outbox.add(event("1"), event("2"))
    relay.once()
    worker.work("sovendus:uk:2:SKD1")
    relay.once()
    redis.flushall()  # as after a restore from a backup that is older than both
    relay.once()
    assert [row["state"] for row in outbox.rows()] == ["queued", "redeemed"]
    assert redis.llen("sovendus") == 1, "what was reported is not sent again"
    worker.work(SKD1)
    relay.once()
    assert [row["state"] for row in outbox.rows()] == ["redeemed", "redeemed"]


@ON_SQLITE
def test_of_an_order_that_is_half_done_only_the_other_half_is_handed_in_again(
    outbox: Outbox, relay: Relay, worker: Worker, redis: Redis
) -> None:
    outbox.add(event("1", "SKD1", "SKD2"))
    relay.once()
    worker.work(SKD1)
    relay.once()
    redis.flushall()
    relay.once()
    assert redis.keys("redeem:redemption:*") == [f"redeem:redemption:{SKD2}"]
    worker.work(SKD2)
    relay.once()
    row = outbox.row()
    assert row["state"] == "redeemed"
    assert set(json.loads(row["receipt"])) == {SKD1, SKD2}


@ON_SQLITE
def test_what_was_erased_is_not_handed_in_again(outbox: Outbox, relay: Relay, worker: Worker, redeem: Run) -> None:
    outbox.add(mixed("EXPIRED-1"))
    relay.once()
    worker.work(EXPIRED)
    relay.once()
    assert redeem("erase", "--order", "1", "--yes").status == 0
    relay.once()
    assert outbox.row()["state"] == "erased"
    outbox.add(mixed("EXPIRED-1"))
    relay.once()
    assert [row["state"] for row in outbox.rows()] == ["erased", "erased"]


@ON_SQLITE
def test_the_row_keeps_the_ids_that_it_was_sent_under(
    outbox: Outbox, relays: Callable[..., Relay], worker: Worker, configured: Callable[..., None]
) -> None:
    outbox.add(event("1"))
    relays().once()
    configured(SHOPS__UK__DEFAULT_PARTNER="uniqodo")
    worker.work(SKD1)
    relays().once()
    row = outbox.row()
    assert (row["state"], row["redemptions"]) == ("redeemed", f'["{SKD1}"]')


@ON_SQLITE
def test_what_was_forgotten_goes_to_whom_the_settings_say_today_and_what_was_reported_to_nobody(
    outbox: Outbox, relays: Callable[..., Relay], worker: Worker, configured: Callable[..., None], redis: Redis
) -> None:
    outbox.add(event("1", "SKD1", "SKD2"))
    relays().once()
    worker.work(SKD1)
    relays().once()
    configured(SHOPS__UK__DEFAULT_PARTNER="uniqodo")
    redis.flushall()
    relays().once()
    row = outbox.row()
    assert (row["state"], row["redemptions"]) == ("queued", f'["{SKD1}", "uniqodo:uk:1:SKD2"]')
    assert redis.keys("redeem:redemption:*") == ["redeem:redemption:uniqodo:uk:1:SKD2"]


@ON_SQLITE
def test_the_ledger_forgets_what_was_reported_long_ago_and_nothing_is_sent_twice(
    outbox: Outbox, relays: Callable[..., Relay], worker: Worker, configured: Callable[..., None], redis: Redis
) -> None:
    placed = (datetime.now(UTC) - timedelta(days=4)).isoformat()
    outbox.add(mixed("SKD1", "EXPIRED-1") | {"completed_at": placed}, event("2", completed_at=placed))
    relays().once()
    worker.work(SKD1)
    worker.work(EXPIRED)
    relays().once()
    worker.work("sovendus:uk:2:SKD1")  # and this row is not written back in all the time
    redis.delete(f"redeem:redemption:{SKD1}", "redeem:redemption:sovendus:uk:2:SKD1")  # as they expire
    configured(LEDGER__KEEP="3d")
    relays().once()
    half, late = outbox.rows()
    assert set(json.loads(half["receipt"])) == {SKD1}
    assert not redis.exists(f"redeem:redemption:{SKD1}")
    assert (late["state"], late["error"].split(": ")[1]) == ("dead", "too_old")
