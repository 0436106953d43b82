"""What an operator does with the pages, in a real browser, against workers and the partners' sandbox."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from playwright.sync_api import expect

from tasks.identity import task_id
from tests.acceptance.kit import code, eventually
from tests.worker.flower_pages.browser import browser, logged_in
from tests.worker.flower_pages.stage import DE, FR, UK, Stage, event, stage, uniqodo
from worker.dev.broker import EmbeddedValkey
from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.timeout(240)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Browser]:
    with browser() as running:
        yield running


@pytest.fixture(scope="module")
def on(chrome: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """A whole installation; not started where there is no browser to look at it."""
    del chrome
    directory = tmp_path_factory.mktemp("stage")
    with (
        EmbeddedValkey(directory / "broker") as broker,
        Sandbox(port=0) as partners,
        stage(broker.url, partners, directory, {}) as made,
    ):
        rejected = made.system.send(
            *(event(UK, "120.00", code(one + _ONCE), currency="GBP") for one in ("KEEP", "BACK-1", "BACK-2")),
            event(DE, "44.00", code("GONE" + _ONCE)),
            event(FR, "9999999.99", code("W" * 60 + _ONCE)),
        )
        assert {record.state.value for record in made.system.until_settled(rejected)} == {"dead"}
        yield made


_TABLES_CUT_OFF: Final = """
    [...document.querySelectorAll(".table-responsive")].filter((box) => box.scrollWidth > box.clientWidth).length
"""
_ONCE: Final = "-422x1"
"""Ends codes that Sovendus refuses for good, the first time."""


def _letter(on: Stage, spelled: str) -> str:
    """The id of the letter with a code that begins so."""
    (found,) = (one for one in on.system.ledger.redis.zrange(on.system.ledger.key("dead"), 0, -1) if spelled in one)
    return str(found)


@pytest.fixture
def page(chrome: Browser, on: Stage) -> Iterator[Page]:
    with logged_in(chrome, on.flower.url) as opened:
        yield opened


def test_found_ticked_replayed_and_redeemed(page: Page, on: Stage) -> None:
    kept, *wanted = (_letter(on, one) for one in ("KEEP", "BACK-1", "BACK-2"))
    page.goto("/overview")
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile(r"\d dead letters need a person"))
    page.get_by_role("link", name="Look at them 3 × sovendus uk").click()

    expect(page.locator("tbody tr")).to_have_count(3)
    replay = page.get_by_role("button", name="Replay…", exact=True)
    expect(replay).to_be_disabled()
    for letter in wanted:
        page.get_by_label(f"Tick {letter}").check()
    expect(page.get_by_role("status")).to_have_text("2 ticked, worth £240.00")
    replay.press("Enter")  # the keyboard does as well

    expect(page.get_by_role("heading", level=1)).to_have_text("Replay 2 dead letters?")
    expect(page.locator(".confirm-money")).to_have_text("£240.00")
    page.get_by_role("button", name="Replay 2 letters").click()

    expect(page.get_by_role("heading", level=1)).to_contain_text("2 replayed")
    expect(page.get_by_label("What became of them")).to_contain_text(re.compile(r"2\s+redeemed"))  # it renews itself
    booked = {entry.code for entry in on.partners.redemptions(account=UK.number)}
    assert booked == {"BACK-1" + _ONCE, "BACK-2" + _ONCE}
    page.get_by_role("link", name="Back to the dead letters").click()
    expect(page.get_by_label(f"Tick {kept}")).to_be_visible()
    for letter in wanted:
        expect(page.get_by_label(f"Tick {letter}")).to_have_count(0)


def test_filtered_and_all_of_them_discarded(page: Page, on: Stage) -> None:
    letter = _letter(on, "GONE")
    page.goto("/dead-letters")
    page.get_by_label("Code", exact=True).fill("gone-422x1")
    page.get_by_role("button", name="Filter", exact=True).click()
    expect(page).to_have_url(re.compile("code=gone-422x1"))
    expect(page.locator("tbody tr")).to_have_count(1)
    page.get_by_role("button", name="All that match").click()
    page.get_by_role("button", name="Discard all that match…").click()
    expect(page.get_by_text("They will never be reported.")).to_be_visible()
    page.get_by_role("button", name="Discard 1 letter").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("1 discarded")
    assert on.system.states([letter]) == {"discarded"}


def test_an_account_is_paused_and_resumed_while_somebody_looks_on(chrome: Browser, page: Page, on: Stage) -> None:
    with logged_in(chrome, on.flower.url) as other:
        other.goto("/overview")
        page.goto("/overview")
        page.get_by_role("link", name="Pause uniqodo de", exact=True).click()
        page.get_by_role("button", name="Pause uniqodo de").click()
        row = page.get_by_role("row").filter(has=page.get_by_role("rowheader", name="uniqodo de"))
        expect(row.locator(".breaker")).to_have_text("paused")
        ids = on.system.send(event(DE, "75.25", uniqodo("WAITS-1")))
        looked_at = other.get_by_role("row").filter(has=other.get_by_role("rowheader", name="uniqodo de"))
        expect(looked_at.locator(".breaker")).to_have_text("paused")
        expect(looked_at.get_by_text("€75.25")).to_be_visible()
    page.get_by_role("link", name="Resume uniqodo de", exact=True).click()
    page.get_by_role("button", name="Resume uniqodo de").click()
    expect(row.locator(".breaker")).to_have_text("closed")
    eventually(lambda: on.system.states(ids) == {"redeemed"})


def test_flowers_own_table_of_tasks_finds_dead_letters(page: Page) -> None:
    page.goto("/tasks")
    page.get_by_role("button", name="Dead letters").click()
    badge = page.locator(".task-state-dead-letter").first
    expect(badge).to_have_text("DEAD_LETTER")
    expect(page.get_by_role("row").filter(has_text="WWW")).to_contain_text("rejected: ")
    expect(page.get_by_role("button", name="Dead letters")).to_have_attribute("aria-pressed", "true")


def test_what_workers_refuse_is_not_offered(chrome: Browser, on: Stage) -> None:
    on.partners.fail("503", account=FR.number)
    try:
        (waiting,) = on.system.send(event(FR, "12.00", code("TRIED-AGAIN")))
        on.partners.wait_for_calls(2, within=30, account=FR.number)
        for width in (1280, 360):
            with logged_in(chrome, on.flower.url, width=width) as page:
                page.goto(f"/task/{task_id(waiting)}")
                expect(page.get_by_text("A task cannot be revoked")).to_be_visible()
                expect(page.get_by_role("button", name=re.compile("Revoke|Terminate"))).to_have_count(0)
                assert page.evaluate("document.documentElement.scrollWidth") <= width
                page.get_by_role("link", name="pause").click()
                expect(page).to_have_url(re.compile("/overview$"))

                page.goto(f"/worker/{on.worker.node}")
                expect(page.get_by_role("tab", name="Pool")).to_be_visible()
                expect(page.get_by_role("tab", name="Limits")).to_have_count(0)
                expect(page.get_by_text("Pool controls")).to_have_count(0)
                page.get_by_role("button", name="Actions").click()
                expect(page.get_by_role("button", name="Shut Down")).to_be_visible()
                expect(page.get_by_role("button", name="Restart Pool")).to_have_count(0)
                page.get_by_role("tab", name="System").click()
                expect(page.get_by_text("System usage statistics")).to_be_visible()
    finally:
        on.partners.clear_faults(account=FR.number)
    eventually(lambda: on.system.states([waiting]) == {"redeemed"})


def test_dark_and_narrow_nothing_runs_over_the_edge(chrome: Browser, on: Stage) -> None:
    for dark, width in ((True, 1280), (False, 360)):
        with logged_in(chrome, on.flower.url, dark=dark, width=width) as page:
            for path in ("/overview", "/dead-letters", "/broker"):
                page.goto(path)
                assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)
                assert page.evaluate(_TABLES_CUT_OFF) == 0, (path, width)
                background = page.evaluate("getComputedStyle(document.body).backgroundColor")
                assert (background == "rgb(18, 23, 16)") is dark
