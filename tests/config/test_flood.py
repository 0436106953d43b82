"""What every task says is told once, and later with how often."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from config.flood import FloodGate


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_first_at_once_then_one_in_a_while_with_the_number_since() -> None:
    clock = Clock()
    gate = FloodGate(60, clock=clock)
    assert gate.admit("a") == 1
    assert [gate.admit("a") for _ in range(99)] == [None] * 99
    assert gate.admit("b") == 1
    clock.now = 59.9
    assert gate.admit("a") is None
    clock.now = 60
    assert gate.admit("a") == 101
    assert gate.admit("a") is None
    clock.now = 1000
    assert gate.admit("a") == 2
    clock.now = 2000
    assert gate.admit("a") == 1


def test_of_many_threads_one_gets_through() -> None:
    gate = FloodGate(60)
    with ThreadPoolExecutor(16) as pool:
        admitted = list(pool.map(lambda _: gate.admit("a"), range(2000)))
    assert [one for one in admitted if one is not None] == [1]


def test_it_remembers_no_more_kinds_than_it_may() -> None:
    clock = Clock()
    gate = FloodGate(60, kinds=3, clock=clock)
    for kind in "abcd":
        assert gate.admit(kind) == 1
    assert gate.admit("d") is None
    assert gate.admit("b") is None
    assert gate.admit("a") == 1, "told longest ago, it was forgotten"
