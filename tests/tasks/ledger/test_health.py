"""Health of an account: what opens its breaker, how it is probed, and how it comes back."""

from __future__ import annotations

from tasks.errors import Declined
from tasks.ledger import Account, State
from tests.tasks.ledger.kit import BREAKER, DE, LEASE, MINUTE, UK, Book

MANY = tuple(f"C{n:03}" for n in range(100))


def prove(book: Book, account: Account = UK) -> None:
    """Enough successes for the account to count as well."""
    for one in book.open(*(f"PROOF{n}" for n in range(8)), account=account, order_id="proof"):
        book.yes(book.claimed(one, account))
    assert book.health(account)["state"] == "closed"


def takes(book: Book, ids: list[str], account: Account = UK) -> int:
    """How many of these the account takes at once."""
    return [book.claim(one, account).status for one in ids].count("claimed")


def test_an_account_that_never_answered_gets_four_calls_at_once(book: Book) -> None:
    ids = book.open(*MANY)
    assert takes(book, ids) == 4
    assert book.look() == []
    assert all(book.wakes()[one] <= 0 for one in ids[4:])


def test_its_pace_doubles_with_every_success_until_it_counts_as_well(book: Book) -> None:
    ids = book.open(*MANY)
    paces = []
    for one in ids[:4]:
        book.yes(book.claimed(one))
        paces.append(book.health()["pace"])
    assert paces == ["8", "16", "32", "32"]
    assert book.health()["state"] == "closed"
    assert takes(book, ids[4:]) == 96


def test_a_success_counts_although_others_fail_and_starts_the_count_of_failures_anew(book: Book) -> None:
    prove(book)
    ids = book.open(*MANY)
    for number in range(BREAKER.failures * 2):
        claim = book.claimed(ids[number])
        if number % BREAKER.failures == 0:
            book.yes(claim)
        else:
            book.later(claim)
    assert book.health()["state"] == "closed"


def test_failures_in_a_row_open_the_breaker(book: Book) -> None:
    prove(book)
    *before, last = book.open(*MANY[: BREAKER.failures])
    assert {book.later(book.claimed(one)).breaker for one in before} == {""}
    assert book.later(book.claimed(last)).breaker == "opened"
    assert book.health()["state"] == "open"


def test_a_partner_that_says_no_is_well(book: Book) -> None:
    for one in book.open(*MANY[:8]):
        book.no(book.claimed(one))
    assert book.health()["state"] == "closed"


def test_too_many_requests_are_ill_health_too(book: Book) -> None:
    ids = book.open(*MANY[: BREAKER.failures])
    for one in ids:
        book.later(book.claimed(one), Declined("HTTP 429", status=429))
    assert book.health()["state"] == "open"


def test_nothing_circulates_while_the_breaker_is_open(book: Book) -> None:
    resting = book.open(*MANY)
    book.break_account()

    assert takes(book, resting) == 0
    assert book.look() == []
    assert {book.record(one).attempts for one in resting} == {0}
    book.passes(BREAKER.probe_after)
    (opened,) = book.opened("NEW")
    assert opened.result == "rest"


def test_one_probe_is_let_out_and_no_second_beside_it(book: Book) -> None:
    resting = book.open(*MANY)
    book.break_account()
    book.passes(10 * MINUTE)

    assert len(book.look()) == 1
    assert book.look() == []
    assert takes(book, resting) == 1
    assert book.look() == []


def test_a_probe_whose_worker_died_is_followed_by_another(book: Book) -> None:
    resting = book.open(*MANY)
    book.break_account()
    book.passes(10 * MINUTE)
    (probe,) = book.look()
    book.claimed(probe)
    book.passes(LEASE - 10)
    assert book.look() == []
    assert takes(book, resting[1:]) == 0
    book.passes(10)
    (rung,) = book.look()
    assert book.claim(rung).status == "claimed"


def test_a_different_one_is_the_probe_each_time_so_that_no_poisoned_order_keeps_the_account_shut(book: Book) -> None:
    book.open(*MANY[:5])
    book.break_account()
    probes = []
    for _ in range(5):
        book.passes(BREAKER.probe_cap)
        (probe,) = book.look()
        probes.append(probe)
        book.later(book.claimed(probe), delay=1)
    assert len(set(probes)) == 5


def test_the_interval_between_probes_doubles_up_to_its_cap(book: Book) -> None:
    book.open(*MANY)
    book.break_account()
    intervals = []
    for _ in range(4):
        intervals.append(int(book.health()["probe_every"]) / 1000)
        book.passes(intervals[-1] - 10)
        assert book.look() == []
        book.passes(10)
        (probe,) = book.look()
        book.later(book.claimed(probe), delay=3600)
    assert intervals == [20, 40, 80, 100]


def test_a_probe_that_waits_long_in_the_queue_is_a_probe_still(book: Book) -> None:
    book.open(*MANY)
    book.break_account()
    book.passes(10 * MINUTE)
    (first,) = book.look()
    book.passes(BREAKER.probe_after)
    (second,) = book.look()  # nobody heard the first one yet

    assert second != first
    assert book.claim(first).status == "claimed"
    assert book.claim(second).status == "resting"


def test_failures_of_calls_that_began_before_do_not_lengthen_the_interval(book: Book) -> None:
    prove(book)
    ids = book.open(*MANY[:20])
    claims = [book.claimed(one) for one in ids]
    for claim in claims:
        assert book.later(claim).result == "parked"
    assert book.health()["probe_every"] == "20000"


def test_the_first_success_lets_the_rest_out_the_oldest_first_doubling_the_pace(book: Book) -> None:
    resting = []
    for code in MANY:
        resting.append(book.open_one(code))
        book.passes(0.01)
    book.break_account()
    assert takes(book, resting) == 0
    book.passes(10 * MINUTE)
    out = 0
    rounds: list[int] = []
    changes: list[str] = []
    while out < len(resting) and len(rounds) < 10:
        rung = book.look()
        rung = [one for one in rung if one in resting]  # those that failed first come last
        assert rung == resting[out : out + len(rung)]
        claims = [book.claimed(one) for one in rung]
        changes += [change for change in (book.yes(claim).breaker for claim in claims) if change]
        rounds.append(len(rung))
        out += len(rung)
    assert rounds == [1, 2, 8, 89]
    assert changes == ["recovering", "closed"]


def test_a_failure_during_recovery_opens_it_again_without_a_shorter_interval(book: Book) -> None:
    book.open(*MANY)
    book.break_account()
    for _ in range(2):  # 20 s, then 40 s
        book.passes(10 * MINUTE)
        book.later(book.claimed(book.look()[0]), delay=3600)
    book.passes(10 * MINUTE)
    book.yes(book.claimed(book.look()[0]))
    assert book.health()["state"] == "ramping"

    assert book.later(book.claimed(book.look()[0])).breaker == "opened"
    assert book.health()["probe_every"] == "80000"


def test_a_wrong_key_stops_the_account_at_once(book: Book) -> None:
    prove(book, DE)
    ids = book.open(*MANY, account=DE)
    assert book.refused(book.claimed(ids[0], DE)).breaker == "refused"
    assert takes(book, ids, DE) == 0
    book.passes(30 * 24 * 60 * MINUTE)
    assert book.look(DE) == []
    assert {book.state(one) for one in ids} == {State.QUEUED, State.RETRYING}


def test_a_second_refusal_is_no_news(book: Book) -> None:
    one, other = book.open("AB12", "CD34", account=DE)
    claims = book.claimed(one, DE), book.claimed(other, DE)
    assert [book.refused(claim).breaker for claim in claims] == ["refused", ""]


def test_the_old_key_does_not_shut_out_the_new_one(book: Book) -> None:
    old, new = Account("uniqodo", "de", "old"), Account("uniqodo", "de", "new")
    ids = book.open("AB12", "CD34", "EF56", account=old)
    claim = book.claimed(ids[0], old)
    book.refused(claim)

    assert book.claim(ids[0], old).status == "resting"
    assert ids[0] in book.look(new)
    for one in ids:
        book.yes(book.claimed(one, new))
    assert {book.state(one) for one in ids} == {State.REDEEMED}
    assert book.health(old)["state"] == "refused"


def test_illness_is_the_accounts_alone(book: Book) -> None:
    book.break_account(UK)
    ids = book.open(*MANY, account=Account("sovendus", "de", "fp1"))
    assert takes(book, ids, Account("sovendus", "de", "fp1")) == 4
