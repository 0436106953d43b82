"""When Redis' append-only file is to be written anew, by what INFO tells and what was seen before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tasks.standing.append_only_file import AppendOnlyFile, Mark, Persistence

WELL = Persistence("run-1", 1000, enabled=True, failing=False, refusals=0, rewrites=0, rewriting=False, rewritten=True)


def after(*looks: Persistence) -> Mark:
    """The mark of one who looked at each of these."""
    mark, was_failing = Mark(), False
    for look in looks:
        mark, was_failing = mark.after(look, was_failing=was_failing), look.failing
    return mark


def test_refused_writes_are_trouble_until_a_rewrite_that_began_later_has_ended_well() -> None:
    refused = WELL._replace(refusals=5)
    assert after(WELL).since == 0
    assert after(refused).since == 1000
    assert after(refused, refused._replace(at=2000)).since == 1000
    begun = refused._replace(rewrites=1, rewriting=True, rewritten=False)
    assert after(refused, begun).since
    assert after(refused, begun, begun._replace(rewriting=False)).since, "it failed"
    assert not after(refused, begun, begun._replace(rewriting=False, rewritten=True)).since


def test_one_that_had_begun_before_cures_nothing() -> None:
    under_way = WELL._replace(refusals=5, rewrites=3, rewriting=True, rewritten=False)
    ended = under_way._replace(rewriting=False, rewritten=True)
    assert after(under_way, ended).since
    assert not after(under_way, ended, ended._replace(rewrites=4)).since


def test_refused_again_after_the_cure() -> None:
    cured = WELL._replace(refusals=5, rewrites=1)
    assert after(WELL._replace(refusals=5), cured, cured._replace(refusals=6)).since


def test_a_write_that_failed_and_no_client_saw() -> None:
    assert after(WELL._replace(failing=True), WELL).since


def test_a_rewrite_begun_as_soon_as_there_was_room_counts() -> None:
    failing = WELL._replace(failing=True, refusals=5)
    assert not after(failing, WELL._replace(refusals=9, rewrites=1)).since


def test_counters_that_were_reset_lose_no_trouble_and_make_none() -> None:
    refused = WELL._replace(refusals=5, rewrites=3)
    assert after(refused, WELL).since
    assert not after(refused, WELL, WELL._replace(rewrites=1)).since
    cured = refused._replace(rewrites=4)
    assert not after(refused, cured, WELL).since
    assert after(refused, cured, WELL, WELL._replace(refusals=2)).since


def test_a_server_that_has_started_has_read_its_file() -> None:
    assert not after(WELL._replace(refusals=5), WELL._replace(run_id="run-2")).since
    assert after(WELL._replace(refusals=5), WELL._replace(run_id="run-2", refusals=1)).since


@pytest.mark.parametrize("info", [{}, {"aof_enabled": 0}, {"redis_version": "7.2", "run_id": "x"}])
def test_a_server_without_the_file_or_that_does_not_tell(info: dict[str, Any]) -> None:
    told = Persistence.of(info)
    assert (told.enabled, told.failing, told.refusals) == (False, False, 0)
    assert told.rewritten


def test_each_trouble_says_what_to_do() -> None:
    for state in AppendOnlyFile:
        troubled = state in (AppendOnlyFile.FAILING, AppendOnlyFile.REWRITE_NEEDED)
        assert ("BGREWRITEAOF" in state.advice) == troubled


def test_nothing_is_kept_of_a_server_that_is_well() -> None:
    assert not after(WELL).says_something
    assert replace(after(WELL), refusals=1).says_something
