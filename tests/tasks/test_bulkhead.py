from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from tasks.bulkhead import Bulkhead, places_for

FOR_EVER = 60.0
AT_ONCE = 0.0


@pytest.mark.parametrize(("threads", "places"), [(1, 1), (2, 1), (4, 3), (16, 12)])
def test_one_partner_leaves_threads_for_the_others(threads: int, places: int) -> None:
    assert places_for(threads) == places


def test_there_is_no_place_once_all_calls_hang() -> None:
    bulkhead = Bulkhead(2, still=AT_ONCE)
    with bulkhead.place() as first, bulkhead.place() as second, bulkhead.place() as third:
        assert (first, second, third) == (True, True, False)


def test_who_found_no_place_frees_none() -> None:
    bulkhead = Bulkhead(1, still=AT_ONCE)
    with bulkhead.place():
        with bulkhead.place() as taken:
            assert not taken
        with bulkhead.place() as taken:
            assert not taken


def test_a_place_is_waited_for_while_calls_come_and_go() -> None:
    bulkhead = Bulkhead(1, still=FOR_EVER)
    ended, begun = threading.Event(), threading.Event()

    def call() -> bool:
        with bulkhead.place() as taken:
            begun.set()
            return taken and ended.is_set()

    with ThreadPoolExecutor() as others:
        with bulkhead.place():
            waiting = others.submit(call)
            assert not begun.wait(0.05), "there is only one place"
            ended.set()
        assert waiting.result(timeout=10)


def test_a_place_is_given_back_by_a_call_that_fails() -> None:
    bulkhead = Bulkhead(1, still=AT_ONCE)
    with pytest.raises(ZeroDivisionError), bulkhead.place():
        raise ZeroDivisionError
    with bulkhead.place() as taken:
        assert taken
