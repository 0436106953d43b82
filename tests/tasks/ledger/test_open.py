"""Opening: all or none, once per identity, and nothing that was accepted disappears."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest
from redis.exceptions import ResponseError

from tasks.errors import Incomplete
from tasks.ledger import Planned, State
from tests.tasks.ledger.kit import DE, UK, Book, redemption


def results(book: Book, *plans: Planned) -> list[str]:
    return [opened.result for opened in book.ledger.open(plans)]


def test_all_of_an_order_are_queued_with_one_wake_up_each_and_their_doorbells_are_to_be_rung(book: Book) -> None:
    opened = book.ledger.open(
        [Planned(redemption("AB12"), UK), Planned(redemption("CD34"), UK), Planned(redemption("X1", account=DE), DE)]
    )

    assert [one.result for one in opened] == ["ring"] * 3
    ids = [one.id for one in opened]
    assert [book.state(one) for one in ids] == [State.QUEUED] * 3
    assert set(book.wakes(UK)) == set(ids[:2])
    assert set(book.wakes(DE)) == {ids[2]}
    assert book.ledger.accounts() == {UK.name, DE.name}


def test_an_order_without_redemptions_opens_nothing(book: Book) -> None:
    before = book.redis.dbsize()
    assert book.ledger.open([]) == []
    assert book.redis.dbsize() == before


def test_what_was_opened_can_be_read_back_whole(book: Book) -> None:
    whole = redemption(
        "sümmer %/+", account=DE, discount=Decimal("5.00"), customer_id="c-1", source="online", params=("a", "", "ü")
    )
    book.ledger.open([Planned(whole, DE, note="sent without valKey")])

    record = book.record(whole.id)
    assert record.redemption() == whole
    assert record.fields["note"] == "sent without valKey"
    assert record.attempts == record.tries == 0


def test_what_another_partner_was_told_of_is_a_duplicate_of_that(book: Book) -> None:
    first = book.open_one("X1", account=DE)
    (opened,) = book.ledger.open([Planned(redemption("X1", order_value=Decimal("1.00")), UK, unless=(first,))])

    assert (opened.result, opened.id) == ("duplicate", first)
    assert book.ledger.find(opened.planned.redemption.id) is None
    assert "1.00" in book.record(first).fields["later_content"]


@pytest.mark.parametrize("spelling", ["ab12", "Ab12", " AB12", "ab12\t", "AB12"])
def test_the_same_code_in_any_spelling_is_a_duplicate(book: Book, spelling: str) -> None:
    first = book.open_one("AB12")
    again = redemption(spelling)

    assert results(book, Planned(again, UK)) == ["duplicate"]
    assert again.id == first
    assert book.record(first).code == "AB12"
    assert list(book.wakes()) == [first]


def test_only_what_is_new_of_an_order_is_opened(book: Book) -> None:
    book.open_one("AB12")
    assert results(book, Planned(redemption("AB12"), UK), Planned(redemption("CD34"), UK)) == ["duplicate", "ring"]


def test_a_duplicate_stays_one_after_the_partners_yes_and_after_death_and_discarding(book: Book) -> None:
    settled, buried, discarded = book.open("AB12", "CD34", "EF56")
    book.yes(book.claimed(settled))
    book.no(book.claimed(buried))
    book.no(book.claimed(discarded))
    book.ledger.discard(discarded, {"outcome": "discarded"})

    plans = [Planned(redemption(code), UK) for code in ("AB12", "CD34", "EF56")]
    assert results(book, *plans) == ["duplicate"] * 3
    assert [book.state(one) for one in (settled, buried, discarded)] == [State.REDEEMED, State.DEAD, State.DISCARDED]
    assert book.wakes() == {}


def test_the_first_content_wins_and_a_later_one_that_differs_is_noted(book: Book) -> None:
    first = book.open_one("AB12", discount=None)
    book.open_one("AB12", order_value=Decimal("199.99"), discount=Decimal("50.95"))

    record = book.record(first)
    assert record.order_value == Decimal("219.99")
    noted = json.loads(record.fields["later_content"])
    assert {name: noted[name] for name in noted if name != "at"} == {"order_value": "199.99", "discount": "50.95"}


def test_the_same_content_again_leaves_no_note(book: Book) -> None:
    first = book.open_one("AB12")
    book.open_one("AB12")
    assert "later_content" not in book.record(first).fields


def test_a_later_content_is_noted_on_a_settled_record_which_expires_all_the_same(book: Book) -> None:
    first = book.open_one("AB12")
    book.yes(book.claimed(first))
    book.open_one("AB12", currency="EUR")

    assert json.loads(book.record(first).fields["later_content"])["currency"] == "EUR"
    assert book.redis.pttl(book.ledger.key("redemption", first)) > 0


def test_one_that_lacks_something_is_born_a_dead_letter_that_says_so(book: Book) -> None:
    (born,) = book.opened("AB12", fate=Incomplete("currency is missing"), currency=None)

    assert born.result == "dead"
    record = book.record(born.planned.redemption.id)
    assert (record.state, record.reason, record.fields["error_message"]) == (
        State.DEAD,
        "incomplete",
        "currency is missing",
    )
    assert book.dead() == [record.id]
    assert book.wakes() == {}
    assert book.outcomes()[-1]["reason"] == "incomplete"
    assert book.redis.pttl(book.ledger.key("redemption", record.id)) == -1


def test_a_test_redemption_does_not_block_the_real_one(book: Book) -> None:
    trial = book.open_one("AB12", test=True)
    real = book.open_one("AB12")

    assert trial == f"test:{real}"
    assert book.state(real) is State.QUEUED


def test_a_new_redemption_of_an_account_that_takes_nothing_rests(book: Book) -> None:
    book.ledger.pause(UK)
    (opened,) = book.opened("AB12")
    assert opened.result == "rest"
    assert list(book.wakes()) == [opened.id]


def test_accounts_do_not_share_their_troubles(book: Book) -> None:
    book.break_account(UK)
    assert results(book, Planned(redemption("N1"), UK), Planned(redemption("N2", account=DE), DE)) == ["rest", "ring"]


def test_a_ledger_that_finds_a_strangers_key_in_its_place_says_so(book: Book) -> None:
    book.redis.set(book.ledger.key("wake", UK.name), "not ours")
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        book.open("AB12")
