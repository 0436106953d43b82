from __future__ import annotations

import itertools

from tasks.paging.spared import Spared


def test_what_took_a_second_is_used_for_twenty() -> None:
    now, results = 0.0, itertools.count(1)

    def work() -> int:
        nonlocal now
        now += 1.0
        return next(results)

    spared = Spared(work, clock=lambda: now)
    assert spared.get() == 1
    now += 19.9
    assert spared.get() == 1
    now += 0.1
    assert spared.get() == 2


def test_what_takes_no_time_is_done_each_time() -> None:
    results = itertools.count(1)
    spared = Spared(lambda: next(results), clock=lambda: 0.0)
    assert [spared.get(), spared.get()] == [1, 2]
