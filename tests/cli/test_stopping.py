"""A Ctrl-C that comes at the worst of moments: between two lines of the very wait that it shall end."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from types import FrameType
from typing import Any

import pytest

from tests.acceptance.kit.polling import eventually
from worker.cli.dead.stopping import stopped_by_ctrl_c


class Interruption:
    """Ctrl-C before the line of that number which runs, here or in whatever is called."""

    def __init__(self, line: int) -> None:
        self._left = line
        self.came = False

    def __call__(self, _frame: FrameType, event: str, _argument: Any) -> Interruption:  # noqa: ANN401 - sys.settrace's
        if event == "line":
            self._left -= 1
            if not self._left:
                self.came = True
                os.kill(os.getpid(), signal.SIGINT)
        return self


@pytest.mark.timeout(20)  # an Event waits for itself for ever
def test_a_ctrl_c_between_any_two_lines_of_a_wait_ends_it() -> None:
    line = 0
    interrupted = True
    while interrupted:
        line += 1
        with stopped_by_ctrl_c() as stop:
            interruption, before = Interruption(line), sys.gettrace()
            sys.settrace(interruption)
            try:
                stopped = stop.wait(0.01)
            finally:
                sys.settrace(before)
            interrupted = interruption.came
            assert stopped == stop.is_set() == interrupted
    assert line > 2


def test_nothing_came() -> None:
    with stopped_by_ctrl_c() as stop:
        assert not stop.wait(0.001)
        assert not stop.is_set()


@pytest.mark.timeout(20)  # unheard, it waits for ever
def test_a_ctrl_c_that_another_thread_hears_ends_it() -> None:
    """Then the wait itself is not interrupted, no more than by one that comes just before it begins."""
    waiting = threading.get_ident()

    def waits() -> bool:
        time.sleep(0.001)  # so that it could go on, if there were something to go on with
        return sys._current_frames()[waiting].f_code.co_name == "wait"  # noqa: SLF001 - documented, for debugging

    def interrupt() -> None:
        eventually(lambda: all(waits() for _ in range(50)))
        signal.pthread_kill(threading.get_ident(), signal.SIGINT)

    with stopped_by_ctrl_c() as stop:
        other = threading.Thread(target=interrupt)
        other.start()
        assert stop.wait()
        other.join()
