"""Pages from a real ledger: what the watch tells, to whom it leaves the duty, and what it survives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tasks.errors import AccountRefused, Crashed, PermanentError, Rejected, Unanswered
from tasks.intake import account_of, plan_order
from tasks.ledger import Account, Claim, State
from tasks.messages.bad_message import UnreadableMessage
from tasks.messages.burying import bury_message
from tasks.paging import Watch
from tasks.paging.page import Page
from tasks.partners.base import Receipt
from tasks.persistence import NotNow
from tasks.runtime import Runtime
from tests.moments import NOW, ago
from tests.tasks import examples
from tests.tasks.ledger.clock import let_pass

UNIQODO, SOVENDUS = ("uniqodo", "uk"), ("sovendus", "uk")
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
SINCE = str(round(ago(minutes=5).timestamp() * 1000))
WRONG = Rejected("HTTP 422: Input validation failed.", code="422", status=422)


@dataclass
class Post:
    """A ledger with one that watches it, and short words for what befalls it."""

    runtime: Runtime
    told: list[Page] = field(default_factory=list)
    now: float = 0.0
    """The worker's own clock."""

    def __post_init__(self) -> None:
        self.watch = self.another()

    def another(self) -> Watch:
        return Watch(self.runtime, self.told.append, clock=self.clock)

    def clock(self) -> float:
        return self.now

    @property
    def redis(self) -> Any:  # noqa: ANN401 - as Ledger.redis
        return self.runtime.ledger.redis

    def look(self, watch: Watch | None = None) -> list[Page]:
        """The pages of one look."""
        before = len(self.told)
        self.now += 1
        (watch or self.watch).look()
        return self.told[before:]

    def names(self, watch: Watch | None = None) -> list[str]:
        return [page.name for page in self.look(watch)]

    def page(self) -> Page:
        """The only page of one look."""
        (only,) = self.look()
        return only

    def open(self, code: str = "AB12", place: tuple[str, str] = SOVENDUS, **changes: object) -> str:
        coupon = {"code": code, "provenance": place[0], "validation_key": "f458"}
        order = examples.order(**({"shop": place[1], "coupons": [coupon]} | changes))
        (one,) = self.runtime.ledger.open(plan_order(order, self.runtime.settings, now=NOW))
        return one.id

    def claim(self, redemption_id: str, place: tuple[str, str] = SOVENDUS) -> Claim:
        account = account_of(self.runtime.settings, *place)[0]
        claim = self.runtime.ledger.claim(redemption_id, account, owner=redemption_id, lease=60)
        assert claim.status == "claimed"
        return claim

    def dies(
        self, code: str, place: tuple[str, str] = SOVENDUS, error: PermanentError = WRONG, **changes: object
    ) -> str:
        one = self.open(code, place, **changes)
        self.runtime.ledger.bury(one, self.claim(one, place), error, {"outcome": "dead"})
        return one

    def succeeds(self, code: str, place: tuple[str, str] = SOVENDUS) -> None:
        one = self.open(code, place)
        claim = self.claim(one, place)
        self.runtime.ledger.settle(one, claim, State.REDEEMED, Receipt(200, {}), {"outcome": "redeemed"})

    def fails(self, code: str, error: Unanswered | AccountRefused, place: tuple[str, str] = SOVENDUS) -> None:
        one = self.open(code, place)
        self.runtime.ledger.park(one, self.claim(one, place), error, HOUR, {"outcome": "transient"})

    def passes(self, seconds: float) -> None:
        let_pass(self.redis, seconds)

    def counted(self) -> dict[str, str]:
        found: dict[str, str] = self.redis.hgetall("redeem:pages")
        return found


@pytest.fixture
def make_post(broker_url: str) -> Iterator[Callable[..., Post]]:
    made: list[Runtime] = []

    def make(url: str = broker_url, **settings: str) -> Post:
        runtime = Runtime(examples.settings(BROKER_URL=url, **settings))
        made.append(runtime)
        runtime.ledger.wake(Account("sovendus", "elsewhere", "fp"), limit=1, longest_lease=60)
        return Post(runtime)

    yield make
    for runtime in made:
        runtime.ledger.redis.close()


@pytest.fixture
def post(make_post: Callable[..., Post]) -> Post:
    return make_post()


def test_all_well_is_no_page(post: Post) -> None:
    assert post.look() == []
    post.succeeds("AB12")
    assert post.look() == []


def test_many_dead_letters_of_a_kind_are_one_page_now_and_one_later(make_post: Callable[..., Post]) -> None:
    post = make_post(ALERT__DEAD_LETTERS="0")
    first = post.dies("SKD0", order_id="1")
    page = post.page()
    assert (page.name, page.level) == ("dead_letters", "warning")
    assert page.fingerprint == ("redeem", "dead letter", "sovendus", "uk", "rejected", "422")
    assert page.tags == {"partner": "sovendus", "shop": "uk", "reason": "rejected", "error_code": "422"}
    assert (page.extra["new"], page.extra["dead"], page.extra["id"]) == (1, 1, first)
    assert page.extra["money"] == {"GBP": "219.99"}
    assert page.text == "sovendus · uk: 1 new dead letter, rejected 422: HTTP 422: Input validation failed."
    assert "redeem dead list --partner sovendus --shop uk --reason rejected --error-code 422" in page.press

    for n in range(1, 30):
        post.dies(f"SKD{n}", order_id=str(n // 10))
        assert n % 10 or post.look() == []
    post.passes(15 * MINUTE)
    page = post.page()
    assert (page.extra["new"], page.extra["dead"]) == (29, 30)
    assert page.extra["money"] == {"GBP": "659.97"}, "three orders, each once"
    assert post.counted() == {"dead_letters|sovendus:uk": "2"}
    post.passes(15 * MINUTE)
    assert post.look() == []


def test_each_partner_shop_reason_and_code_is_an_issue_of_its_own(post: Post) -> None:
    post.dies("A1")
    post.dies("A2", error=Rejected("HTTP 400: no", code="400", status=400))
    post.dies("A3", error=Crashed("its lease ran out"))
    post.dies("A4", ("sovendus", "de"))
    post.dies("A5", UNIQODO, Rejected("Uniqodo 202: offer expired", code="202", status=200))
    pages = post.look()
    assert len({page.fingerprint for page in pages}) == len(pages) == 5
    assert {page.tags["reason"] for page in pages if page.level == "error"} == {"crashed"}


def test_shops_that_strangers_name_are_one_issue(post: Post) -> None:
    for n in range(20):
        post.open("SKD1", shop=f"nowhere{n}", coupons=[{"code": "SKD1"}])
    page = post.page()
    assert page.fingerprint == ("redeem", "dead letter", "unrouted", "unroutable")
    assert (page.extra["new"], page.extra["dead"], page.extra["money"]) == (20, 20, {"GBP": "4399.80"})
    assert "shops that are not configured" in page.text


def test_what_no_account_is_for_is_never_expected_to_succeed(post: Post) -> None:
    post.open("SKD1", shop="de", coupons=[{"code": "UQ1", "provenance": "uniqodo"}])
    page = post.page()
    assert page.fingerprint == ("redeem", "dead letter", "uniqodo", "de", "unroutable")
    post.passes(3 * DAY)
    assert post.look() == []


def test_bad_messages_page_by_their_reason(post: Post) -> None:
    bury_message(post.runtime, b"\x00", "orders", UnreadableMessage("not as it should be"))
    page = post.page()
    assert page.fingerprint == ("redeem", "dead letter", "unreadable_message")
    assert page.text == "messages and events: 1 new dead letter, unreadable_message: not as it should be"
    assert page.extra["id"].startswith("message:")
    assert post.counted() == {"dead_letters|": "1"}


def test_test_orders_page_nobody(post: Post) -> None:
    post.dies("SKD1", test=True)
    assert post.look() == []


def test_one_watch_has_the_duty_until_it_leaves_or_falls_silent(post: Post) -> None:
    post.dies("SKD1")
    other = post.another()
    assert post.names() == ["dead_letters"]
    post.dies("SKD2", error=Rejected("HTTP 400: no", code="400", status=400))
    assert post.names(other) == []
    post.watch.leave()
    assert post.names(other) == ["dead_letters"], "the first one's page is not told again"
    assert post.names() == []
    post.passes(MINUTE)
    post.dies("SKD3", error=Rejected("HTTP 409: no", code="409", status=409))
    assert post.names() == ["dead_letters"]


def test_retries_are_no_page_and_a_breaker_is_one_until_it_closes(post: Post) -> None:
    for n in range(4):
        post.fails(f"F{n}", Unanswered("HTTP 503", status=503), UNIQODO)
    assert post.look() == []
    health = ("redeem:health:uniqodo:uk:" + account_of(post.runtime.settings, *UNIQODO)[0].fingerprint,)
    post.redis.hset(*health, mapping={"state": "open", "since": SINCE})
    page = post.page()
    assert (page.name, page.level, page.extra["waiting"]) == ("breaker_opened", "warning", 4)
    assert page.extra["money"] == {"GBP": "219.99"}
    assert page.fingerprint == ("redeem", "breaker", "uniqodo", "uk")
    post.redis.hset(*health, mapping={"state": "ramping", "relapse": "1"})
    assert post.look() == [], "half-open is not well yet"
    post.redis.hset(*health, mapping={"state": "closed", "relapse": "0"})
    page = post.page()
    assert (page.name, page.level) == ("breaker_closed", "info")
    assert page.fingerprint == ("redeem", "breaker", "uniqodo", "uk")
    post.redis.hset(*health, mapping={"state": "open", "since": SINCE})
    assert post.look() == [], "one that flaps does not ring all the time"
    post.passes(16 * MINUTE)
    assert post.names() == ["breaker_opened"]


def test_a_refused_key_pages_at_once_and_says_what_to_press(post: Post) -> None:
    post.fails("F1", AccountRefused("Uniqodo 101: invalid API key", code="101", status=200), UNIQODO)
    page = post.page()
    assert (page.name, page.level) == ("key_refused", "error")
    assert "redeem resume --partner uniqodo --shop uk" in page.press
    post.passes(DAY)
    assert post.page().text.startswith("uniqodo · uk: still: the partner refuses")
    post.runtime.ledger.resume(Account(*UNIQODO))
    assert "key_accepted" in post.names()


def test_nothing_has_arrived_for_two_days(post: Post) -> None:
    post.succeeds("SKD1")
    assert post.look() == []
    post.passes(47 * HOUR)
    assert post.look() == []
    post.passes(2 * HOUR)
    page = post.page()
    assert (page.name, page.level) == ("no_success", "error")
    assert "nothing has arrived since then" in page.text
    assert "Does the shop still send its orders?" in page.press
    post.passes(23 * HOUR)
    assert post.look() == []
    post.passes(HOUR)
    assert post.names() == ["no_success"]
    post.succeeds("SKD2")
    assert post.names() == ["success_again"]


def test_orders_arrive_and_none_succeeds(make_post: Callable[..., Post]) -> None:
    post = make_post(ALERT__WAITING_LONGER_THAN="off")
    post.succeeds("SKD1")
    post.dies("SKD2", order_id="2")
    post.passes(HOUR)
    assert post.names() == ["dead_letters"]
    post.passes(2 * DAY)
    post.dies("SKD3", order_id="3")
    post.open("SKD4", order_id="4")
    silence = next(page for page in post.look() if page.name == "no_success")
    assert "1 wait and 2 died since then" in silence.text
    assert "its settings are at fault" in silence.press
    assert silence.extra["money"] == {"GBP": "219.99"}


def test_an_account_that_never_had_a_success_counts_from_when_it_was_first_seen(post: Post) -> None:
    post.open("SKD1")
    post.redis.hset("redeem:redemption:sovendus:uk:145789:SKD1", "accepted_at", "1")  # long ago by the look of it
    assert "no_success" not in post.names()
    post.passes(49 * HOUR)
    assert "no_success" in post.names()


def test_a_switched_off_alarm_is_silent(make_post: Callable[..., Post]) -> None:
    post = make_post(ALERT__NO_SUCCESS_AFTER="off", ALERT__WAITING_LONGER_THAN="0")
    post.succeeds("SKD1")
    post.open("SKD2")
    post.passes(30 * DAY)
    assert post.look() == []


def test_a_paused_account_pages_after_a_day_and_not_for_its_silence(post: Post) -> None:
    post.succeeds("SKD1")
    post.runtime.ledger.pause(Account(*SOVENDUS))
    post.open("SKD2")
    post.passes(23 * HOUR)
    assert post.look() == []
    post.passes(2 * HOUR)
    page = post.page()
    assert (page.name, page.press) == ("still_paused", "redeem resume --partner sovendus --shop uk")
    post.passes(2 * DAY)
    assert post.names() == ["still_paused"]
    post.runtime.ledger.resume(Account(*SOVENDUS))
    post.succeeds("SKD3")
    assert set(post.names()) == {"resumed", "waiting_long"}


def test_after_a_pause_it_has_an_hour_to_succeed(make_post: Callable[..., Post]) -> None:
    post = make_post(ALERT__WAITING_LONGER_THAN="off")
    post.succeeds("SKD1")
    post.runtime.ledger.pause(Account(*SOVENDUS))
    post.passes(3 * DAY)
    assert post.names() == ["still_paused"]
    post.runtime.ledger.resume(Account(*SOVENDUS))
    assert post.names() == ["resumed"]
    post.passes(MINUTE)
    assert post.look() == []


def test_the_oldest_that_waits(post: Post) -> None:
    post.open("SKD1")
    assert post.look() == []
    post.passes(61 * MINUTE)
    page = post.page()
    assert (page.name, page.level, page.extra["waiting"]) == ("waiting_long", "error", 1)
    post.succeeds("SKD2")
    assert post.look() == []


def test_what_waits_for_an_account_that_is_no_longer_in_the_settings(make_post: Callable[..., Post]) -> None:
    before = make_post(SHOPS__FR__SOVENDUS__TRAFFIC_SOURCE_NUMBER="4713")
    before.open("SKD1", ("sovendus", "fr"))
    post = make_post()
    post.passes(2 * HOUR)
    page = post.page()
    assert (page.name, page.extra["waiting"]) == ("waiting_long", 1)
    assert "sovendus · shops that are not configured" in page.text


def test_many_dead_letters(make_post: Callable[..., Post]) -> None:
    post = make_post(ALERT__DEAD_LETTERS="3")
    for n in range(3):
        post.dies(f"SKD{n}", order_id=str(n))
    page = next(page for page in post.look() if page.name == "many_dead_letters")
    assert (page.level, page.text, page.extra["money"]) == (
        "error", "3 dead letters wait for a person", {"GBP": "659.97"},
    )  # fmt: skip


def test_a_full_broker_pages_and_remembers_that_it_did(post: Post) -> None:
    post.dies("SKD1")
    post.redis.config_set("maxmemory", "1mb")
    try:
        assert set(post.names()) == {"memory_full", "memory_nearly_full", "dead_letters"}
        assert post.look() == []
        post.watch.leave()
        other = post.another()
        assert post.names(other) == []
    finally:
        post.redis.config_set("maxmemory", "0")
    assert set(post.names(other)) == {"memory_free", "memory_not_full"}


def test_a_broker_that_takes_no_writes_is_told_of_when_it_does(post: Post) -> None:
    post.dies("SKD1")
    post.redis.config_set("min-replicas-to-write", "1")
    try:
        with pytest.raises(NotNow):
            post.look()
    finally:
        post.redis.config_set("min-replicas-to-write", "0")
    assert post.names() == ["dead_letters"]
