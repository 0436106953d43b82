"""An account's health as its workers have it: during deploys, after them, and for those with other settings."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.ledger import Account
from tasks.ledger.opening import UNKNOWN
from tasks.standing.account_health import AccountHealth, read_health
from tests.tasks.ledger.kit import DAY, DE, MINUTE, Book

OLD, NEW, OPERATORS, NONE = (replace(DE, fingerprint=one) for one in ("old", "new", "operators", UNKNOWN))


def health(book: Book, asking: Account = OPERATORS) -> AccountHealth:
    (found,) = read_health(book.ledger, [asking])
    return found


def refuse(book: Book, account: Account, order_id: str = "1") -> None:
    book.refused(book.claimed(book.open_one(account=account, order_id=order_id), account))


def restarted(book: Book, account: Account) -> None:
    """The workers have these settings from now on."""
    book.passes(MINUTE)
    book.look(account)


def listed(found: AccountHealth) -> dict[str, tuple[str, bool]]:
    return {one.fingerprint: (one.breaker, one.in_use) for one in found.settings}


@pytest.mark.parametrize(("asking", "here"), [(OLD, "same"), (OPERATORS, "other"), (NONE, "missing")])
def test_whoever_asks_sees_what_the_workers_have(book: Book, asking: Account, here: str) -> None:
    book.look(OLD)
    refuse(book, OLD)
    found = health(book, asking)
    assert (found.breaker, found.here, found.in_use) == ("refused", here, ["old"])
    assert found.since > 0
    assert "mend it" in str(found.hint)


def test_after_a_deploy_the_old_key_is_listed_and_counts_for_nothing(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    restarted(book, NEW)
    found = health(book)
    assert (found.breaker, found.hint) == ("closed", None)
    assert listed(found) == {"new": ("closed", True), "old": ("refused", False)}
    assert [one.fingerprint for one in found.settings] == ["new", "old"]


def test_while_a_deploy_goes_on_the_worst_counts_and_says_under_how_many_settings(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    book.look(NEW)
    found = health(book)
    assert found.breaker == "refused"
    assert str(found.hint).endswith(" (under 1 of the 2 settings in use: old)")


def test_of_workers_that_have_all_stopped_the_last_settings_count(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    restarted(book, NEW)
    refuse(book, NEW, "2")
    book.passes(DAY, watched=False)
    found = health(book)
    assert (found.breaker, found.in_use, found.deserted) == ("refused", ["new"], False)


def test_an_account_that_no_running_worker_has_is_deserted(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    assert not health(book).deserted
    book.passes(MINUTE, watched=False)
    book.wakers_look()
    found = health(book, OLD)
    assert (found.breaker, found.in_use, found.here, found.deserted) == ("closed", [], None, True)


def test_where_workers_have_noted_nothing_the_own_settings_count_or_else_all(book: Book) -> None:
    """Workers of a version that does not note its settings."""
    refuse(book, OLD)
    assert [health(book, one).breaker for one in (OLD, OPERATORS, NONE)] == ["refused"] * 3
    book.yes(book.claimed(book.open_one(account=NEW, order_id="2"), NEW))
    assert health(book, NEW).breaker == "closed"
    assert health(book, NEW).here is None


def test_after_a_step_back_to_workers_that_note_nothing_the_account_is_not_deserted(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    book.passes(MINUTE, watched=False)
    book.wakers_look()
    book.ledger.redis.hset("redeem:account:" + DE.name, "known_at", int(book.now()))  # as those workers do
    found = health(book, OLD)
    assert (found.breaker, found.deserted) == ("refused", False)


def test_a_pause_outweighs_all(book: Book) -> None:
    book.look(OLD)
    refuse(book, OLD)
    book.ledger.pause(DE, by="jane", why="maintenance")
    found = health(book)
    assert (found.breaker, str(found.hint)[-20:]) == ("paused", "by jane: maintenance")


def test_settings_unused_for_a_quarter_are_forgotten(book: Book) -> None:
    book.look(OLD)
    book.passes(91 * DAY, watched=False)
    book.look(NEW)
    book.look(NEW)
    fields = book.map("account", DE.name)
    assert [name for name in fields if name.startswith("used:")] == ["used:new"]


def test_a_resume_tells_what_there_was_to_resume(book: Book) -> None:
    refuse(book, OLD)
    book.ledger.pause(DE)
    resumed = book.ledger.resume(DE)
    assert (resumed.paused, dict(resumed.shut)) == (True, {"old": "refused"})
    assert not book.ledger.resume(DE)
