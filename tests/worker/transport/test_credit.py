"""How many messages each lane may have in hand."""

from __future__ import annotations

import pytest

from config.celery_options import CONCURRENCY
from worker.transport.credit import credit
from worker.transport.lanes import Lanes

LANES = Lanes("orders", frozenset({"sovendus", "uniqodo"}), (), "redeem:", bury=lambda *_: None)
THREADS = 20


@pytest.mark.parametrize(
    ("queue", "in_hand", "left"),
    [
        ("sovendus", {"orders": 0, "sovendus": 0, "uniqodo": 0}, 12),
        ("sovendus", {"orders": 0, "sovendus": 12, "uniqodo": 0}, 0),
        ("uniqodo", {"orders": 0, "sovendus": 12, "uniqodo": 0}, 4),
        ("uniqodo", {"orders": 4, "sovendus": 0, "uniqodo": 0}, 12),
        ("orders", {"orders": 0, "sovendus": 12, "uniqodo": 4}, 4),
        ("orders", {"orders": 4, "sovendus": 0, "uniqodo": 0}, 0),
    ],
)
def test_a_lane_that_hangs_leaves_threads_to_the_others(queue: str, in_hand: dict[str, int], left: int) -> None:
    assert credit(LANES, queue, in_hand, THREADS) == left


@pytest.mark.parametrize("threads", range(4, 70))
def test_all_lanes_together_never_have_more_than_there_are_threads(threads: int) -> None:
    in_hand = {"orders": 0, "sovendus": 0, "uniqodo": 0}
    for queue in ("sovendus", "uniqodo", "orders"):
        in_hand[queue] = credit(LANES, queue, in_hand, threads)
        assert in_hand[queue] >= 1
    assert sum(in_hand.values()) == threads


def test_two_workers_with_the_default_threads_keep_64_calls_to_one_partner_in_flight() -> None:
    first = credit(LANES, "sovendus", {"orders": 4, "sovendus": 0, "uniqodo": 0}, CONCURRENCY)
    further = credit(LANES, "sovendus", {"sovendus": 0, "uniqodo": 0}, CONCURRENCY)
    assert first + further >= 64


@pytest.mark.parametrize("queue", ["orders", "sovendus"])
def test_a_worker_of_one_queue_has_all_its_threads_for_it(queue: str) -> None:
    assert credit(LANES, queue, {queue: 3}, THREADS) == THREADS - 3


def test_partners_without_an_intake_beside_them_keep_nothing_for_it() -> None:
    assert credit(LANES, "uniqodo", {"sovendus": 15, "uniqodo": 0}, THREADS) == 5


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_smallest_worker_serves_every_lane(threads: int) -> None:
    in_hand = {"orders": 0, "sovendus": 0, "uniqodo": 0}
    assert all(credit(LANES, queue, in_hand, threads) >= 1 for queue in in_hand)


def test_more_in_hand_than_allowed_is_no_credit() -> None:
    assert credit(LANES, "sovendus", {"orders": 0, "sovendus": 99, "uniqodo": 0}, THREADS) == 0
