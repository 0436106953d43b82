"""`redeem sandbox` as a process: what it prints, how it stops, what it says when the port is taken."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from worker.dev.sandbox import Sandbox

if TYPE_CHECKING:
    from collections.abc import Sequence

REDEEM = [sys.executable, "-c", "from worker.cli import main; main()", "sandbox"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*REDEEM, *arguments], capture_output=True, text=True, timeout=30, check=False)


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_runs_until_stopped(stop: signal.Signals) -> None:
    command: Sequence[str] = [*REDEEM, "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line
        with urlopen(found[0]) as page:
            assert b"/_sandbox/calls" in page.read()
        os.kill(process.pid, stop)
        assert process.wait(timeout=10) == 0
        assert (process.stdout.read(), process.stderr.read()) == ("", "")


def test_port_in_use_is_said_plainly() -> None:
    with Sandbox() as taken:
        ended = run("--port", str(taken.port))
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.startswith(f"Error: cannot listen on 127.0.0.1:{taken.port}: Address already in use")


def test_help_holds_the_table_of_faults() -> None:
    ended = run("--help")
    assert ended.returncode == 0
    for word in ("--port", "8099", "TRUNCATED", "EXHAUSTED", "/_sandbox/faults"):
        assert word in ended.stdout


def test_wrong_use_is_2() -> None:
    assert run("--port", "70000").returncode == 2
