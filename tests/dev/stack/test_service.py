from __future__ import annotations

import asyncio
import itertools
import os
import signal
import sys
import time
from pathlib import Path

import psutil
import pytest

from worker.dev.stack.service import NotReadyError, Program, Service, restart_pauses

SLEEP = "import time; print('up', flush=True); time.sleep(60)"
DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEP


class Scene:
    """A service that runs a line of Python and is ready once it has said "up"."""

    def __init__(self, directory: Path, code: str) -> None:
        self.log = directory / "logs" / "child.log"
        self.said: list[str] = []
        program = Program("child", (sys.executable, "-c", code), dict(os.environ), self.log, self.is_up)
        self.service = Service(program, self.said.append)

    async def is_up(self) -> bool:
        return "up" in self.log.read_text()

    async def start(self) -> psutil.Process:
        await self.service.launch()
        await self.service.until_ready(20)
        return self.process()

    def process(self) -> psutil.Process:
        return psutil.Process(self.service.pid)


def stopped(scene: Scene, grace: float, *, hasten: bool = False) -> tuple[bool, float]:
    """Start, stop; whether that went warm, and the seconds it took."""

    async def start_and_stop() -> tuple[bool, float]:
        child = await scene.start()
        event = asyncio.Event()
        if hasten:
            event.set()
        began = time.monotonic()
        warm = await scene.service.stop(grace, event)
        assert not child.is_running()
        return warm, time.monotonic() - began

    return asyncio.run(start_and_stop())


def test_stops_warm_on_sigterm(tmp_path: Path) -> None:
    warm, seconds = stopped(Scene(tmp_path, SLEEP), grace=20)
    assert warm
    assert seconds < 5


def test_after_the_grace_it_is_stopped_cold(tmp_path: Path) -> None:
    warm, seconds = stopped(Scene(tmp_path, DEAF), grace=0.2)
    assert not warm
    assert seconds >= 0.2


def test_a_wish_for_haste_cuts_the_grace_short(tmp_path: Path) -> None:
    warm, seconds = stopped(Scene(tmp_path, DEAF), grace=60, hasten=True)
    assert not warm
    assert seconds < 10


def test_what_it_started_itself_ends_with_it(tmp_path: Path) -> None:
    code = (
        f"import subprocess, sys; print(subprocess.Popen([sys.executable, '-c', {SLEEP!r}]).pid, flush=True); {SLEEP}"
    )
    scene = Scene(tmp_path, code)
    stopped(scene, grace=20)
    grandchild = int(scene.log.read_text().split()[0])
    until = time.monotonic() + 5
    while psutil.pid_exists(grandchild) and psutil.Process(grandchild).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < until
        time.sleep(0.02)


def test_is_out_of_the_terminals_reach(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SLEEP)

    async def session() -> tuple[int, int]:
        child = await scene.start()
        found = os.getsid(child.pid), child.pid
        await scene.service.stop(20, asyncio.Event())
        return found

    leader, pid = asyncio.run(session())
    assert leader == pid != os.getsid(0)


def test_one_that_ends_before_it_is_ready_is_quoted(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "raise SystemExit('no broker there')")
    with pytest.raises(NotReadyError, match=r"(?s)child ended with status 1.*no broker there"):
        asyncio.run(scene.start())


def test_one_that_is_never_ready_is_given_up(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "import time; time.sleep(60)")

    async def wait() -> None:
        await scene.service.launch()
        try:
            await scene.service.until_ready(0.2)
        finally:
            await scene.service.stop(5, asyncio.Event())

    with pytest.raises(NotReadyError, match=r"not ready within 0.2 s"):
        asyncio.run(wait())


def test_one_that_ends_by_itself_is_started_again_and_one_line_says_so(tmp_path: Path) -> None:
    scene = Scene(tmp_path, SLEEP)

    async def crash() -> int:
        first = await scene.start()
        keeping = asyncio.create_task(scene.service.keep())
        os.kill(first.pid, signal.SIGKILL)
        async with asyncio.timeout(20):
            while scene.log.read_text().count("up") < 2:  # noqa: ASYNC110  # a file has no event
                await asyncio.sleep(0.02)
        second = scene.process().pid
        keeping.cancel()
        await scene.service.stop(20, asyncio.Event())
        return second - first.pid

    assert asyncio.run(crash()) != 0
    (line,) = scene.said
    assert line == f"the child was killed by SIGKILL; starting it again in 1 s (log: {scene.log})"


def test_the_log_of_the_run_before_is_kept(tmp_path: Path) -> None:
    stopped(Scene(tmp_path, f"print('first'); {SLEEP}"), grace=20)
    scene = Scene(tmp_path, f"print('second'); {SLEEP}")
    stopped(scene, grace=20)
    assert scene.log.read_text() == "second\nup\n"
    assert scene.log.with_name("child.log.1").read_text() == "first\nup\n"


def test_pauses_double_up_to_half_a_minute() -> None:
    assert list(itertools.islice(restart_pauses(), 8)) == [1, 2, 4, 8, 16, 30, 30, 30]
