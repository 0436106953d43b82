"""The page about an append-only file that Redis may not read again: from a refused write until a rewrite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tasks.paging import Watch
from tasks.persistence import NotNow
from tasks.runtime import Runtime
from tests.acceptance.kit import broker_faults
from tests.tasks import examples
from tests.tasks.test_paging_watch import Post
from worker.dev.broker import EmbeddedValkey


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    with EmbeddedValkey(tmp_path / "broker") as made:
        yield made


@pytest.fixture
def post(server: EmbeddedValkey) -> Iterator[Post]:
    runtime = Runtime(examples.settings(BROKER_URL=server.url))
    yield Post(runtime)
    runtime.ledger.redis.close()


def look_in_vain(post: Post, watch: Watch | None = None) -> None:
    """A look while Redis refuses writes."""
    with pytest.raises(NotNow, match="MISCONF"):
        post.look(watch)


def test_it_is_told_when_writes_go_again_and_is_over_once_the_file_is_written_anew(
    post: Post, server: EmbeddedValkey
) -> None:
    assert post.look() == []
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
    page = post.page()
    assert (page.name, page.level, page.extra["since"][-1]) == ("rewrite_needed", "error", "Z")
    assert "BGREWRITEAOF as admin, before its next restart" in page.press
    assert page.fingerprint == ("redeem", "rewrite needed")
    assert post.look() == []
    broker_faults.rewrite(server)
    assert post.names() == ["rewritten"]
    assert post.look() == []


def test_a_worker_that_did_not_run_when_the_disk_was_full_tells_it_too(post: Post, server: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(server):
        pass
    assert post.names() == ["rewrite_needed"]


def test_the_next_worker_on_duty_knows_it(post: Post, server: EmbeddedValkey) -> None:
    post.look()
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
    assert post.names() == ["rewrite_needed"]
    post.redis.config_resetstat()
    post.watch.leave()
    other = post.another()
    assert post.names(other) == []
    broker_faults.rewrite(server)
    assert post.names(other) == ["rewritten"]


def test_a_rewrite_made_as_soon_as_there_was_room_again_makes_no_page(post: Post, server: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
    broker_faults.rewrite(server)
    assert post.look() == []


def test_what_a_worker_saw_that_is_not_on_duty_does_not_come_back(post: Post, server: EmbeddedValkey) -> None:
    other = post.another()
    post.look()
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
        look_in_vain(post, other)
    assert post.names() == ["rewrite_needed"]
    broker_faults.rewrite(server)
    assert post.look(other) == []
    assert post.names() == ["rewritten"]
    post.watch.leave()
    assert post.look(other) == []


def test_it_is_told_once_though_a_full_memory_keeps_the_mark_from_being_written(
    post: Post, server: EmbeddedValkey
) -> None:
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
    post.redis.config_set("maxmemory", "1mb")
    assert "rewrite_needed" in post.names()
    assert post.look() == []
    broker_faults.rewrite(server)
    assert post.names() == ["rewritten"]
    post.redis.config_set("maxmemory", "0")
    post.look()
    assert post.look() == []


def test_after_a_restart_that_went_well_it_is_over(post: Post, server: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(server):
        look_in_vain(post)
    assert post.names() == ["rewrite_needed"]
    with broker_faults.killed(server):
        pass
    assert post.names() == ["rewritten"]
