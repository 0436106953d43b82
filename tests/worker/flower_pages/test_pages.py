"""Our pages in a real Flower, over HTTP: what they show, whom they ask for a login, and what cannot be done to them."""

from __future__ import annotations

import re

import pytest
import requests

from tasks import audit
from tasks.errors import Incomplete, Rejected
from tasks.ledger import Account, State
from tests.acceptance.kit import FlowerProcess, eventually
from tests.tasks.ledger.kit import Book
from tests.worker.flower_pages.visitor import Visitor, letters, words

UNIQODO_UK = Account("uniqodo", "uk", "fp")
HOSTILE = """<script>alert(1)</script>"'><img src=x onerror=alert(2)>{{1234567*7}}"""


def dead(book: Book, code: str, *, order_id: str = "145789", message: str = "offer expired") -> str:
    """A letter that Uniqodo rejected."""
    letter = book.open_one(code, account=UNIQODO_UK, order_id=order_id)
    book.no(book.claimed(letter, UNIQODO_UK), Rejected(message, code="202", status=200))
    return letter


def told(book: Book) -> list[tuple[str, str, int, str]]:
    """The audit trail."""
    return [(one["who"], one["action"], one["count"], one["what"]) for one in audit.entries(book.ledger)]


def told_once(ann: Visitor, path: str, text: str) -> str:
    """What a page says, once it says that: where a look takes long, the last one does for a while."""
    page = words(ann.text(path))
    return page if text in page else ""


PAGES = (
    "/overview",
    "/dead-letters",
    "/dead-letters/letter?id=x",
    "/dead-letters/batch?number=x",
    "/broker",
    "/metrics",
)


@pytest.mark.parametrize("path", [*PAGES, "/", "/tasks", "/api/queues/length"])
def test_every_page_asks_for_the_login(flower: FlowerProcess, path: str) -> None:
    answer = requests.get(flower.url + path, timeout=20)
    assert answer.status_code == 401
    assert requests.get(flower.url + path, auth=("ann", "wrong"), timeout=20).status_code == 401


def test_metrics_name_tasks_and_workers_only_and_health_is_open(ann: Visitor) -> None:
    figures = ann.text("/metrics")
    labels = set(re.findall(r'[{,](\w+)="', figures))
    assert labels <= {"worker", "task", "type", "le", "generation", "implementation", "major", "minor", "patchlevel",
                      "version"}  # fmt: skip
    assert requests.get(f"{ann.url}/healthcheck", timeout=20).text == "OK"


@pytest.mark.parametrize("path", ["/", "/workers", "/tasks", "/broker", "/overview", "/dead-letters", "/nothing-here"])
def test_the_navigation_leads_to_our_pages_from_everywhere(ann: Visitor, path: str) -> None:
    page = ann.get(path).text
    shown = re.findall(r'<a class="nav-link(?: active)?"\s+href="([^"]+)"', page)
    assert shown == ["/overview", "/dead-letters", "/workers", "/tasks", "/broker"]


def test_an_empty_ledger_says_so_in_sentences(ann: Visitor) -> None:
    assert "There are no dead letters" in words(ann.text("/dead-letters"))
    assert "No worker is running" in words(ann.text("/overview"))


def test_a_letter_tells_what_it_is_why_and_what_to_press(ann: Visitor, book: Book) -> None:
    letter = dead(book, "SKD1", message="Uniqodo 202: offer expired")
    row = eventually(lambda: told_once(ann, "/dead-letters", "1 dead letter needs a person"))
    for part in ("1 dead letter needs a person", "£219.99", "145789", "SKD1", "uniqodo", "uk", "rejected"):
        assert part in row, part
    page = words(ann.text("/dead-letters/letter", id=letter))
    for part in ("Uniqodo 202: offer expired", "Only Uniqodo can prolong it", "Replay…", "Discard…"):
        assert part in page, part
    assert re.search(r"History.* [0-9-]+ [0-9:]+ dead", page)
    assert eventually(lambda: told_once(ann, "/overview", "1 × uniqodo uk: rejected (202) £219.99"))


def test_what_others_wrote_is_shown_and_does_nothing(ann: Visitor, book: Book) -> None:
    letter = dead(book, HOSTILE, order_id=HOSTILE, message=HOSTILE)
    question = ann.post("/dead-letters/confirm", {"action": "discard", "id": letter})
    pages = [
        ann.get("/dead-letters"),
        ann.get("/dead-letters", order=HOSTILE, since=HOSTILE),
        ann.get("/dead-letters/letter", id=letter),
        ann.get("/overview"),
        question,
        ann.press(question.text),
        ann.get("/dead-letters/letter", id=HOSTILE),
    ]
    for page in pages:
        assert "<script>alert" not in page.text
        assert "<img" not in page.text.replace('<img src="/static', "")
        assert "8641969" not in page.text
        policy = page.headers["Content-Security-Policy"]
        assert "default-src 'none'; script-src 'self';" in policy
        assert "unsafe" not in policy
    assert "&lt;script&gt;alert(1)" in pages[0].text
    assert letters(pages[0].text) == [letter]


def test_replaying_asks_first_and_is_in_the_audit_trail_under_the_login(ann: Visitor, book: Book) -> None:
    letter = dead(book, "SKD1")
    question = ann.post("/dead-letters/confirm", {"action": "replay", "id": letter})
    assert "Replay 1 dead letter? £219.99" in words(question.text)
    assert book.state(letter) is State.DEAD
    done = ann.press(question.text)
    assert "1 replayed" in words(done.text)
    assert book.state(letter) is State.QUEUED
    assert told(book) == [("ann", "replay", 1, letter)]
    assert book.record(letter).history()[-1]["by"] == "ann"


def test_all_that_match_are_those_that_were_dead_when_it_was_asked(ann: Visitor, book: Book) -> None:
    meant = [dead(book, f"SKD{n}", order_id=str(n)) for n in range(3)]
    (other,) = book.open("DE1", fate=Incomplete("email_hash is missing"))
    question = ann.post("/dead-letters/confirm", {"every": "discard", "reason": "rejected"})
    assert "Discard 3 dead letters? £659.97" in words(question.text)
    late = dead(book, "LATE")
    done = ann.press(question.text)
    eventually(lambda: "3 discarded" in words(ann.text(done.url.removeprefix(ann.url))))
    assert {book.state(one) for one in meant} == {State.DISCARDED}
    assert sorted(book.dead()) == sorted([other, late])
    ((who, action, count, what),) = told(book)
    assert (who, action, count) == ("ann", "discard", 3)
    assert what.startswith("reason rejected")


@pytest.mark.parametrize("action", ["replay", "discard"])
def test_nothing_ticked_is_nothing_meant(ann: Visitor, book: Book, action: str) -> None:
    left = {dead(book, f"SKD{n}", order_id=str(n)) for n in range(2)}
    question = ann.post("/dead-letters/confirm", {"action": action})
    assert (question.status_code, "data-once" in question.text) == (200, False)
    assert f"Nothing to {action}" in words(question.text)
    assert ann.post("/dead-letters/act", {"action": action}).status_code == 400
    assert set(book.dead()) == left
    assert told(book) == []


@pytest.mark.parametrize("filters", [{}, {"shop": "", "partner": "", "error_code": ""}, {"shop": " "}])
def test_all_there_are_must_be_said(ann: Visitor, book: Book, filters: dict[str, str]) -> None:
    letter = dead(book, "SKD1")
    for path in ("/dead-letters/confirm", "/dead-letters/act"):
        refused = ann.post(path, {"every": "discard", **filters})
        assert refused.status_code == 400
        assert "say which" in refused.text
    assert book.state(letter) is State.DEAD
    page = ann.text("/dead-letters")
    assert "Discard all 1 dead letters…" not in page
    assert ("Discard all there are: 1…" in page, 'name="all" value="yes"' in page) == (True, True)
    narrowed = ann.text("/dead-letters", partner="uniqodo")
    assert ("Discard all 1 that match…" in narrowed, 'name="all"' in narrowed) == (True, False)
    question = ann.post("/dead-letters/confirm", {"every": "discard", "all": "yes"})
    assert "Discard 1 dead letter? £219.99 All there are" in words(question.text)
    ann.press(question.text)
    eventually(lambda: book.state(letter) is State.DISCARDED)


def test_what_is_asked_names_the_filters(ann: Visitor, book: Book) -> None:
    dead(book, "SKD1")
    question = ann.post("/dead-letters/confirm", {"every": "discard", "reason": "rejected", "shop": "uk"})
    assert "Those that match: shop uk, reason rejected" in words(question.text)


def test_what_still_lacks_something_is_refused_with_the_reason(ann: Visitor, book: Book) -> None:
    (bare,) = book.open("UQ1", account=UNIQODO_UK, fate=Incomplete("order_value is missing"), order_value=None)
    question = ann.post("/dead-letters/confirm", {"action": "replay", "id": bare})
    done = words(ann.press(question.text).text)
    assert "0 replayed, 1 refused" in done
    assert "order_value is missing" in done


def test_a_field_is_set_right_in_the_browser(ann: Visitor, book: Book) -> None:
    (bare,) = book.open(
        "UQ1", account=UNIQODO_UK, fate=Incomplete("order_value is missing"), order_value=None, currency=None
    )
    page = ann.text("/dead-letters/letter", id=bare)
    assert re.findall(r'name="set_name" value="(\w+)"', page) == ["order_value", "currency"]
    fields: dict[str, str | list[str]] = {
        "action": "replay",
        "id": bare,
        "set_name": ["order_value", "currency"],
        "set_value": ["12.00", "EUR"],
    }
    question = ann.post("/dead-letters/confirm", fields)
    assert "Set right first: order_value=12.00 currency=EUR" in words(question.text)
    ann.press(question.text)
    assert book.state(bare) is State.QUEUED
    assert (str(book.record(bare).order_value), book.record(bare).fields["currency"]) == ("12.00", "EUR")
    wrong = ann.post("/dead-letters/confirm", fields | {"set_value": ["twelve", "EUR"]})
    assert wrong.status_code == 400
    assert "order_value" in wrong.text


def test_a_batch_is_watched_and_stopped(ann: Visitor, book: Book) -> None:
    for n in range(40):
        dead(book, f"SKD{n}", order_id=str(n))
    question = ann.post("/dead-letters/confirm", {"every": "replay", "all": "yes"}).text.replace(
        'name="expected"', 'name="rate" value="2.0"><input type="hidden" name="expected"'
    )
    assert "10 a second: 4.0 s in all" in words(question)
    watched = ann.press(question)
    assert re.search(r"Replaying: \d+ of 40", words(watched.text))
    assert "set off by ann" in words(ann.text("/dead-letters"))
    number = watched.url.rpartition("=")[2]
    ann.post("/dead-letters/batch/stop", {"number": number})
    eventually(lambda: "Stopped half way" in words(ann.text("/dead-letters/batch", number=number, fragment="1")))
    ((who, action, count, what),) = told(book)
    assert (who, action) == ("ann", "replay")
    assert 0 < count < 40
    assert "stopped half way" in what
    assert len(book.dead()) == 40 - count


def test_nothing_is_done_without_the_token_or_from_elsewhere(ann: Visitor, book: Book) -> None:
    letter = dead(book, "SKD1")
    account = {"action": "pause", "partner": "uniqodo", "shop": "uk"}
    ann.text("/overview")
    token = ann.session.cookies["_xsrf"]
    elsewhere = [{"Origin": "http://evil.example"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
    for path, fields in (
        ("/dead-letters/confirm", {"action": "discard", "id": letter}),
        ("/dead-letters/act", {"action": "discard", "id": letter}),
        ("/dead-letters/batch/stop", {"number": "1"}),
        ("/overview/account", account),
    ):
        assert ann.post(path, fields, token="").status_code == 403
        assert ann.post(path, fields, token="2|12345678|0123456789abcdef|1700000000").status_code == 403
        for headers in elsewhere:
            assert ann.post(path, fields, token=token, headers=headers).status_code == 403
    assert book.state(letter) is State.DEAD
    assert told(book) == []


def test_looking_changes_nothing(ann: Visitor, book: Book) -> None:
    letter = dead(book, "SKD1")
    before = book.record(letter).fields
    for path in ("/dead-letters/act", "/dead-letters/confirm", "/dead-letters/batch/stop"):
        assert ann.get(path, action="discard", id=letter, every="discard").status_code == 405
    question = words(ann.text("/overview/account", action="pause", partner="uniqodo", shop="uk"))
    assert "Pause uniqodo of shop uk?" in question
    assert book.record(letter).fields == before
    assert not book.map("account", UNIQODO_UK.name)
    assert told(book) == []


def test_an_account_is_paused_and_resumed(ann: Visitor, book: Book) -> None:
    book.open("SKD1", account=UNIQODO_UK)
    fields = {"partner": "uniqodo", "shop": "uk"}
    paused = ann.post("/overview/account", fields | {"action": "pause"})
    assert "uniqodo uk: paused by hand £219.99 1 waiting" in words(paused.text)
    assert "paused_at" in book.map("account", UNIQODO_UK.name)
    resumed = ann.post("/overview/account", fields | {"action": "resume"})
    assert "paused by hand" not in words(resumed.text)
    assert [one[:3] for one in told(book)] == [("ann", "pause", 1), ("ann", "resume", 1)]
    assert ann.post("/overview/account", fields | {"action": "pause", "shop": "nowhere"}).status_code == 404
    assert ann.post("/overview/account", fields | {"action": "explode"}).status_code == 400


def test_filters_stand_in_the_url(ann: Visitor, book: Book) -> None:
    ours, other = dead(book, "SKD1", order_id="1"), dead(book, "SKD2", order_id="2")
    shown = [
        ({"order": "1"}, [ours]),
        ({"code": " skd2 "}, [other]),
        ({"partner": "uniqodo", "shop": "uk", "reason": "rejected", "since": "1h"}, [other, ours]),
        ({"partner": "sovendus"}, []),
        ({"until": "2020-01-01"}, []),
    ]
    for query, expected in shown:
        assert letters(ann.text("/dead-letters", **query)) == expected, query
    wrong = words(ann.text("/dead-letters", since="yesterday-ish"))
    assert "'yesterday-ish' is neither a time" in wrong
    assert "Nothing was looked for" in wrong


def test_paging_goes_from_the_newest_to_the_oldest(ann: Visitor, book: Book) -> None:
    made = [dead(book, f"SKD{n}", order_id=str(n)) for n in range(120)]
    seen: list[str] = []
    path: str | None = "/dead-letters"
    while path:
        page = ann.text(path)
        seen += letters(page)
        older = re.search(r'href="([^"]+)" rel="next"', page)
        path = older[1].replace("&amp;", "&") if older else None
    assert seen[0] == made[-1]
    assert sorted(seen) == sorted(made)


def test_the_broker_tab_shows_our_queues_whatever_has_their_names(ann: Visitor, book: Book) -> None:
    dead(book, "SKD1")
    book.redis.rpush("orders", "one", "two")
    book.redis.zadd("sovendus", {"no": 1, "list": 2})
    page = eventually(lambda: told_once(ann, "/broker", "orders 2 orders that no worker has journaled yet"))
    assert "sovendus no list" in page
    assert "Dead letters 1 £219.99" in page
    assert "Valkey" in page
    assert ann.get("/api/queues/length").json()["active_queues"] == [
        {"name": "orders", "messages": 2},
        {"name": "sovendus", "messages": None},
        {"name": "uniqodo", "messages": 1},  # the dead letter's doorbell
    ]


def test_what_does_not_exist_is_not_found(ann: Visitor) -> None:
    assert ann.get("/dead-letters/letter", id="uniqodo:uk:1:NOPE").status_code == 404
    gone = ann.get("/dead-letters/batch", number="1-1")
    assert gone.status_code == 404
    assert "redeem audit" in gone.text
