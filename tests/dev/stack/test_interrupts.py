from __future__ import annotations

import asyncio
import os
import signal

from worker.dev.stack.interrupts import Interrupts


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def test_the_first_signal_asks_for_a_stop_and_a_later_one_hastens_it() -> None:
    clock = Clock()
    interrupts = Interrupts(clock)
    interrupts.received()
    assert interrupts.stop.is_set()
    clock.now += 1.5
    assert not interrupts.hasten.is_set()
    interrupts.received()
    assert interrupts.hasten.is_set()


def test_signals_within_a_second_are_one() -> None:
    clock = Clock()
    interrupts = Interrupts(clock)
    interrupts.received()
    clock.now += 0.9
    interrupts.received()
    assert not interrupts.hasten.is_set()


def test_ctrl_c_a_kill_and_a_closed_terminal_all_ask_for_a_stop() -> None:
    async def stopped_by(number: int) -> bool:
        interrupts = Interrupts()
        interrupts.listen()
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            return await interrupts.stop.wait()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        assert asyncio.run(stopped_by(number))
