"""Two installations on one Redis database: the queues have no prefix, so the second one is kept from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from redis import Redis

from tests.acceptance.conftest import FAST
from tests.acceptance.kit import Shop, System, eventually, order
from tests.acceptance.kit.events import code
from worker.transport.installations import KEY

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from worker.dev.sandbox import Sandbox

SHOP = Shop("shared", number="8802", api_key="key-of-shared")
OTHER = "brand-b"


def neighbour(system: System, partners: Sandbox, directory: Path) -> System:
    """Another installation on the same database."""
    return System(system.broker_url, partners.url, [SHOP], directory, FAST | {"KEY_PREFIX": OTHER})


def test_a_worker_with_another_prefix_does_not_start_and_doors_and_check_say_why(
    make_system: Callable[..., System], partners: Sandbox, tmp_path: Path
) -> None:
    system = make_system(SHOP)
    (aside := tmp_path / "aside").mkdir()
    with system.worker(), neighbour(system, partners, aside) as second:
        refused = second.worker("second")
        refused.launch()
        try:
            eventually(lambda: refused.exit_code() is not None, within=60, what="refused")
            assert refused.exit_code() == 1
            (entry,) = refused.entries("worker.refused")
            assert "REDEEM_KEY_PREFIX" in entry["error"]
            assert "redeem (heard" in entry["error"]
            assert f"here it is {OTHER}" in entry["error"]
            assert "redis://…/1" in entry["error"]
        finally:
            refused.kill()

        (found,) = [one for one in second.redeem_json("check", status=1) if one["subject"].startswith("queues ")]
        assert (found["level"], "redeem (heard" in found["text"]) == ("error", True)
        assert "redeem (heard" in second.complaint("emit", "-", stdin="{}")
        with second.web() as web:
            eventually(lambda: web.entries("door.other_installation"), within=60, what="the door says so")

        assert not [one for one in system.redeem_json("check") if one["subject"].startswith("queues ")]
        system.until_settled(system.emit(order(SHOP, "1", code("SKD1"))), within=60)


def test_the_prefix_is_changed_by_stopping_the_one_and_starting_the_other(
    make_system: Callable[..., System], partners: Sandbox, tmp_path: Path
) -> None:
    system = make_system(SHOP)
    (aside := tmp_path / "aside").mkdir()
    with system.worker() as first, Redis.from_url(system.broker_url, decode_responses=True) as redis:
        eventually(lambda: redis.zscore(KEY, "redeem"), within=60, what="registered")
        assert first.stop() == 0
        assert redis.zscore(KEY, "redeem") is None, "it was the last one"
    with neighbour(system, partners, aside) as second:
        with second.worker("second") as killed:
            killed.kill()
        with system.worker("third"):  # which waits until the one that was killed counts as dead
            assert system.redeem_json("check")


def test_workers_of_an_older_version_are_seen_under_the_default_prefix(
    make_system: Callable[..., System], partners: Sandbox, tmp_path: Path
) -> None:
    system = make_system(SHOP)
    with (
        Redis.from_url(system.broker_url, decode_responses=True) as redis,
        neighbour(system, partners, tmp_path) as second,
    ):
        seconds, _ = redis.time()
        redis.zadd("redeem:consumers", {"an-old-one": (seconds + 600) * 1000})  # however long the command takes
        assert "redeem (heard" in second.complaint("emit", "-", stdin="{}")


def test_without_the_right_to_register_a_worker_works(make_system: Callable[..., System]) -> None:
    """An older users.acl is loaded."""
    system = make_system(SHOP)
    with Redis.from_url(system.broker_url) as redis:
        redis.acl_setuser(
            "older", enabled=True, passwords=["+older-password"], keys=["redeem:*", "orders*", "sovendus*", "uniqodo*",
            "_kombu*", "celeryev*", "*.celery.pidbox"], channels=["*"], categories=["+@all"],
        )  # fmt: skip
    url = system.broker_url.replace("://", "://older:older-password@")
    try:
        with system.worker("older", BROKER_URL=url) as worker:
            system.until_settled(system.emit(order(SHOP, "1", code("SKD1"))), within=60)
            assert "users.acl" in worker.entries("worker.not_registered")[0]["error"]
            assert worker.stop() == 0
    finally:
        with Redis.from_url(system.broker_url) as redis:
            redis.acl_deluser("older")
