"""What the overview says first."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from tasks.ledger import Account
from tasks.standing.account_health import AccountHealth
from tasks.standing.append_only_file import AppendOnlyFile
from tasks.standing.order_values import Money
from tasks.standing.status import AccountStatus
from tasks.standing.survey import Cause, Pile, Survey
from worker.flower_pages.headline import Level, headline
from worker.flower_pages.snapshot import Snapshot

NOW = datetime(2026, 11, 21, 20, 15, tzinfo=UTC)


def pile(count: int, amount: str = "", currency: str = "EUR") -> Pile:
    made = Pile(count, Money())
    if amount:
        made.money.totals[currency] = Decimal(amount)
    return made


def snapshot(
    *rows: AccountStatus,
    causes: dict[Cause, Pile] | None = None,
    workers: int = 1,
    disk: AppendOnlyFile = AppendOnlyFile.OK,
) -> Snapshot:
    found = Survey(causes=causes or {})
    found.dead = pile(sum(one.count for one in found.causes.values()), "340.00" if causes else "")
    found.waiting = pile(sum(row.states.total() for row in rows))
    return Snapshot(
        now=NOW, survey=found, rows=list(rows), days={}, queues={"orders": 0}, in_hand=0, workers=workers,
        paused_since={}, append_only_file=disk,
    )  # fmt: skip


def account(breaker: str = "closed", waiting: int = 0, **known: object) -> AccountStatus:
    health = AccountHealth(Account("sovendus", "uk"), breaker)
    row = AccountStatus("sovendus", "uk", states=Counter(retrying=waiting), health=health)
    for name, value in known.items():
        setattr(row, name, value)
    return row


def test_nothing_wrong_is_said_in_three_words() -> None:
    told = headline(snapshot(account()))
    assert (told.level, told.title, told.money, told.findings) == (Level.WELL, "All is well", [], [])


def test_dead_letters_come_first_with_their_money_the_costliest_cause_on_top() -> None:
    cheap = Cause("uniqodo", "uk", "rejected", "202")
    dear = Cause("uniqodo", "de", "gave_up", "")
    told = headline(snapshot(account(), causes={cheap: pile(3, "40.00"), dear: pile(1, "300.00")}))
    assert (told.level, told.title, told.money) == (Level.BAD, "4 dead letters need a person", ["€340.00"])
    first, second = told.findings
    assert (first.what, first.money) == ("1 × uniqodo de: gave up", "€300.00")
    assert second.press is not None
    assert second.press.query == {"partner": "uniqodo", "shop": "uk", "reason": "rejected", "error_code": "202"}
    assert "prolong" in second.why


def test_more_causes_than_one_can_read_are_summed_up() -> None:
    told = headline(snapshot(causes={Cause("uniqodo", "uk", "rejected", str(n)): pile(2) for n in range(6)}))
    assert [one.what for one in told.findings][-1] == "6 dead letters of 3 other causes"


def test_a_closed_account_says_what_waits_and_offers_to_open_it() -> None:
    for breaker, level in (("open", Level.BAD), ("refused", Level.BAD), ("paused", Level.WATCH)):
        told = headline(snapshot(account(breaker, waiting=7)))
        assert (told.level, told.title) == (level, "7 redemptions wait behind a closed account")
        (only,) = told.findings
        assert "7 waiting" in only.why
        assert only.press is not None
        assert only.press.query["action"] == "resume"


def test_the_money_on_top_is_what_waits_behind_closed_accounts() -> None:
    shut = account("open", waiting=2, money_waiting=pile(2, "50.00").money)
    shut_too = account("paused", waiting=1, money_waiting=pile(1, "50.00").money)
    shut_too.shop = "de"
    healthy = account(waiting=1, money_waiting=pile(1, "30.00").money)
    healthy.shop = "fr"
    for rows, title, money in (
        ([shut, healthy], "2 redemptions wait behind a closed account", ["€50.00"]),
        ([shut, shut_too], "3 redemptions wait behind closed accounts", ["€90.00"]),
        ([shut, shut_too, healthy], "3 redemptions wait behind closed accounts", []),
    ):
        seen = snapshot(*rows)
        seen.survey.waiting.money.totals["EUR"] = Decimal("90.00")  # one order waits at two partners
        told = headline(seen)
        assert (told.title, told.money) == (title, money)


def test_no_worker_is_bad_only_where_something_waits_for_one() -> None:
    assert headline(snapshot(account(), workers=0)).level is Level.WATCH
    told = headline(snapshot(account(waiting=1), workers=0))
    assert (told.level, told.findings[0].what) == (Level.BAD, "No worker is running")


def test_silence_and_lateness_are_said() -> None:
    silent = account(today=Counter(accepted=5), last_yes=NOW - timedelta(days=2))
    assert headline(snapshot(silent)).title == "sovendus uk: no success for a day"
    assert headline(snapshot(account(waiting=1, oldest_waiting=3600.0))).title == "sovendus uk: late"
    assert headline(snapshot(account(waiting=1, oldest_waiting=60.0))).level is Level.WELL


def test_a_broker_that_may_not_start_again_comes_before_everything_else() -> None:
    cause = Cause("uniqodo", "uk", "rejected", "202")
    told = headline(snapshot(causes={cause: pile(3, "40.00")}, workers=0, disk=AppendOnlyFile.REWRITE_NEEDED))
    assert (told.level, told.title) == (Level.BAD, "Redis may not start again")
    assert "BGREWRITEAOF" in told.findings[0].why
