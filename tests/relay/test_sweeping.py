"""Looking at open rows takes a small share of the time, and all of them get their turn."""

from __future__ import annotations

from collections import Counter

import pytest

from worker.relay.sweeping import Rounds
from worker.relay.table import RowState


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def spent(pages: dict[RowState, int], page_takes: float, *, over: float) -> tuple[float, Counter[RowState]]:
    """The share of the time that looking takes, where each state has that many pages; and how often each was gone
    through to its end.
    """
    clock = Clock()
    rounds = Rounds(1.0, clock)
    looking, walks, until = 0.0, Counter[RowState](), clock.now + over
    while clock.now < until:
        sweep = rounds.next()
        if sweep is None:
            clock.now += max(rounds.seconds_left(), 0.001)
            continue
        clock.now += page_takes
        looking += page_takes
        page = (sweep.after or 0) + 1
        is_last = sweep.newest or page >= pages.get(sweep.state, 1)
        rounds.looked(sweep, None if is_last else page, page_takes)
        walks[sweep.state] += is_last and not sweep.newest
    return looking / over, walks


@pytest.mark.parametrize("page_takes", [0.01, 0.3, 5.0])
def test_a_tenth_of_the_time_however_many_are_open(page_takes: float) -> None:
    everything = dict.fromkeys((RowState.QUEUED, RowState.RETRYING, RowState.DEAD), 500)
    share, _ = spent(everything, page_takes, over=1000)
    assert share <= 0.101


def test_every_state_gets_its_turn() -> None:
    """100,000 rows wait, and as many are dead."""
    share, walks = spent(dict.fromkeys((RowState.RETRYING, RowState.DEAD), 500), 0.02, over=3600)
    assert share == pytest.approx(0.1, rel=0.1)
    assert min(walks.values()) >= 10


def test_where_nothing_is_open_next_to_nothing_is_done() -> None:
    share, walks = spent({}, 0.001, over=60)
    assert share < 0.005
    assert walks[RowState.RETRYING] > walks[RowState.QUEUED] > walks[RowState.DEAD] > 0


def test_it_says_when_it_is_worth_another_look() -> None:
    clock = Clock()
    rounds = Rounds(1.0, clock)
    while (sweep := rounds.next()) is not None:
        rounds.looked(sweep, None, 0.0)
    assert rounds.seconds_left() == pytest.approx(1.0)
    clock.now += 0.9
    assert rounds.next() is None
    clock.now += 0.1
    assert rounds.next() is not None
