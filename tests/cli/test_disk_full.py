"""From a write that Redis refused for its disk until its append-only file was written anew, commands say what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.acceptance.kit import broker_faults
from tests.acceptance.kit.polling import eventually
from tests.cli.conftest import Run, event, lines
from worker.dev.broker import EmbeddedValkey

FAILING = "Redis cannot write its append-only file and refuses writes (MISCONF): make room on its disk"
NEEDED = "may not be able to read its append-only file again: run BGREWRITEAOF as admin before its next restart"


@pytest.fixture
def broker(tmp_path: Path, configured: Callable[..., None]) -> Iterator[EmbeddedValkey]:
    """One of its own, with an order in it and a file that a rewrite has opened."""
    with EmbeddedValkey(tmp_path / "broker") as server:
        configured(BROKER_URL=server.url)
        broker_faults.rewrite(server)
        yield server


def says(redeem: Run, text: str) -> bool:
    """Whether `status` and `check` say so; they must agree."""
    status, check = redeem("status"), redeem("check")
    assert status.status == 0, status.err
    said = {text in status.out, f"error    broker {address(redeem)}: " in check.out and text in check.out}
    assert len(said) == 1, (status.out, check.out)
    return said.pop()


def address(redeem: Run) -> str:
    subjects: list[str] = [row["subject"] for row in redeem("check", "--json").rows]
    return next(one.removeprefix("broker ") for one in subjects if one.startswith("broker "))


def states(redeem: Run) -> set[str]:
    return {row["append_only_file"] for row in redeem("status", "--json").rows}


def test_they_say_so_until_the_file_is_written_anew(redeem: Run, broker: EmbeddedValkey) -> None:
    (id_,) = redeem("emit", "-", "--json", stdin=lines(event("1"))).row["redemptions"]
    assert states(redeem) == {"ok"}
    with broker_faults.disk_was_full(broker, room=5):
        assert says(redeem, FAILING)
        assert states(redeem) == {"failing"}
        assert redeem("show", id_).status == 0, "what is there can be read"
        refused = redeem("emit", "-", "--patience", "0.1", stdin=lines(event("2")))
        assert (refused.status, "MISCONF" in refused.err) == (1, True)
    assert says(redeem, NEEDED)
    assert states(redeem) == {"rewrite_needed"}
    broker_faults.rewrite(broker)
    assert not says(redeem, "MISCONF")
    assert states(redeem) == {"ok"}
    assert redeem("check").out.count("error") == 0


def test_counters_that_were_reset_do_not_hide_it(redeem: Run, broker: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(broker):
        pass
    assert says(redeem, NEEDED)
    with Redis.from_url(broker.url) as redis:
        redis.config_resetstat()
    assert says(redeem, NEEDED)
    broker_faults.rewrite(broker)
    assert not says(redeem, NEEDED)


def test_a_user_who_may_only_read_is_told_too(
    redeem: Run, configured: Callable[..., None], broker: EmbeddedValkey
) -> None:
    with Redis.from_url(broker.url) as redis:
        redis.acl_setuser(
            "monitor", enabled=True, nopass=True, keys=["%R~*"], categories=["+@read", "+@connection"],
            commands=["+info", "+evalsha", "+script|load", "+time"],
        )  # fmt: skip
        with broker_faults.disk_was_full(broker):
            pass
        configured(BROKER_URL=broker.url.replace("://", "://monitor:any@"))
        assert says(redeem, NEEDED)
        assert not redis.exists("redeem:disk")


def test_a_server_that_started_again_has_read_its_file(redeem: Run, broker: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(broker):
        pass
    assert says(redeem, NEEDED)
    with broker_faults.killed(broker):
        pass
    assert not says(redeem, "MISCONF")


def test_a_server_without_that_file_has_nothing_to_write_anew(redeem: Run, broker: EmbeddedValkey) -> None:
    with broker_faults.disk_was_full(broker):
        pass
    with Redis.from_url(broker.url) as redis:
        redis.config_set("appendonly", "no")
    assert not says(redeem, "MISCONF")
    assert states(redeem) == {"off"}
    assert "append-only file off" in redeem("check").out


def test_a_rewrite_or_a_snapshot_that_failed_is_told(redeem: Run, broker: EmbeddedValkey) -> None:
    with Redis.from_url(broker.url, decode_responses=True) as redis, broker_faults.room_for_small_files_only(broker):
        redis.bgsave()
        eventually(lambda: not redis.info("persistence")["rdb_bgsave_in_progress"], what="the snapshot's end")
        broker_faults.rewrite(broker)
        told = redeem("check").out
    assert "its append-only file could not be written anew" in told
    assert "its last snapshot failed" in told
