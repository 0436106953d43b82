"""What pages are called is written down, since alert rules go by it; and the absence of the broker is told once."""

from __future__ import annotations

import re
from pathlib import Path

from tasks.paging import page as pages
from tasks.paging.page import TEXTS, Page, broker_away, broker_back, trial_page
from worker.lookout import Absence

DOCUMENTED = set(re.findall(r"`page\.(\w+)`", (Path(__file__).parents[2] / "docs/paging.md").read_text("utf-8")))


def test_the_documentation_names_every_page_and_no_other() -> None:
    alone = {one.name for one in (broker_away(60, ""), broker_back(60), trial_page())}
    assert TEXTS.keys() | {name for name, _ in pages.OVER.values()} | alone == DOCUMENTED


def test_what_begins_can_end_but_for_what_is_counted() -> None:
    assert pages.OVER.keys() == TEXTS.keys() - {"dead_letters"}


def test_a_restart_of_the_broker_is_no_page() -> None:
    told: list[Page] = []
    absence = Absence(told.append, lasting=60)
    absence.goes_on("refused")
    absence.ends()
    assert told == []


def test_an_absence_is_told_when_it_lasts_and_when_it_ends() -> None:
    told: list[Page] = []
    absence = Absence(told.append, lasting=0, again=3600)
    absence.goes_on("refused")
    absence.goes_on("refused")
    absence.ends()
    absence.ends()
    assert [page.name for page in told] == ["broker_away", "broker_back"]
    assert {page.fingerprint for page in told} == {("redeem", "broker away")}


def test_an_absence_is_told_again_as_long_as_it_lasts() -> None:
    told: list[Page] = []
    absence = Absence(told.append, lasting=0, again=0)
    absence.goes_on("refused")
    absence.goes_on("MISCONF Errors writing to the AOF file")
    assert [page.extra["error"] for page in told] == ["refused", "MISCONF Errors writing to the AOF file"]
    assert ["Make room on its disk" in page.press for page in told] == [False, True]
