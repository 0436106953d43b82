"""`redeem up` as a newcomer meets it: real processes, real time, a directory of its own."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import signal
import socket
import subprocess
import sysconfig
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from redis import Redis

from tests.tools import REQUIRED
from worker.dev.processes import left_behind

REDEEM = str(Path(sysconfig.get_path("scripts")) / "redeem")
WITHIN = 60.0
"""Seconds; a busy machine needs a few for each start."""


class Up:
    """A `redeem up` that runs in `directory`."""

    def __init__(self, directory: Path, *options: str) -> None:
        self.directory = directory
        self.output = directory / f"output-{time.monotonic_ns()}"
        with self.output.open("wb") as output:
            self.process = subprocess.Popen(
                [REDEEM, "up", *options],
                cwd=directory,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self) -> str:
        return self.output.read_text()

    def until_said(self, pattern: str) -> re.Match[str]:
        """The match of `pattern` in what it said, as soon as there is one."""
        found: list[re.Match[str]] = []

        def look() -> bool:
            found[:] = re.finditer(pattern, self.said())
            return bool(found) or self.process.poll() is not None

        wait(look, self.said)
        assert found, f"no {pattern!r} in:\n{self.said()}"
        return found[0]

    def redeem(self, *arguments: str, given: object = None) -> subprocess.CompletedProcess[str]:
        """Another command of `redeem`, in a second terminal so to speak."""
        return subprocess.run(
            [REDEEM, *arguments],
            cwd=self.directory,
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )

    def begin_call(self, code: str) -> None:
        """Emit an order with that code; return once the sandbox has its call."""
        self.emit(code)
        sandbox = self.until_said(r"sandbox of both partners on (\S+)")[1]
        calls = f"{sandbox}/_sandbox/calls?code={urllib.parse.quote(code)}"

        def has_it() -> bool:
            with urllib.request.urlopen(calls, timeout=10) as answer:
                return bool(answer.read().strip())

        wait(has_it, self.said)

    def emit(self, code: str) -> None:
        event = {"order_id": "4711", "shop": "demo", "coupons": [{"code": code}]}
        done = self.redeem("emit", "-", given=event)
        assert done.returncode == 0, done.stderr

    def child(self, part: str) -> psutil.Process:
        """The child that has `part` in its command line."""
        (found,) = (p for p in psutil.Process(self.process.pid).children() if part in " ".join(p.cmdline()))
        return found

    def left(self) -> list[str]:
        """Command lines of what still runs for its data directory."""
        data = self.directory / ".redeem"
        return [" ".join(p.cmdline()) for where in (data, data / "valkey") for p in left_behind(where)]


def wait(condition: Callable[[], bool], explain: Callable[[], str]) -> None:
    until = time.monotonic() + WITHIN
    while not condition():
        assert time.monotonic() < until, explain()
        time.sleep(0.05)


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Starts `redeem up` in a directory of its own; what a failed test leaves running is ended."""
    started: list[Up] = []

    def start_up(*options: str) -> Up:
        started.append(Up(tmp_path, *options))
        return started[-1]

    yield start_up
    for one in started:
        one.process.kill()
        one.process.wait()
    for directory in (tmp_path / ".redeem", tmp_path / ".redeem" / "valkey"):
        for process in left_behind(directory):
            process.kill()


def test_a_newcomer_sees_what_becomes_of_orders_and_stops_it_warm(start: Callable[..., Up]) -> None:
    up = start()
    up.until_said("Everything runs")
    said = up.said()
    assert "no shop is configured, so no partner is called" in said
    assert re.search(r"redeemed +sovendus:demo:\w+-1:SKDXXR4324 +HTTP 200", said)
    assert re.search(r"redeemed +uniqodo:demo:\w+-2:AB12E3GH +HTTP 200", said)
    assert len(re.findall(r"retrying +sovendus:demo:\w+-4:SUMMER-503X2 +HTTP 503", said)) == 2
    assert re.search(r"redeemed +sovendus:demo:\w+-4:SUMMER-503X2 +HTTP 200 .*attempt 3", said)
    assert re.search(r"presumed +uniqodo:demo:\w+-5:", said)
    assert re.search(r"dead +uniqodo:demo:\w+-6:UNKNOWN-22 +rejected: .*204", said)
    assert re.search(r"dead +uniqodo:demo:\w+-7:REDEEMED-9 +rejected: .*201", said)
    assert not re.search(r"warning|error|critical", said)
    assert len(said.splitlines()) < 30

    flower = up.until_said(r"Flower +(http://127\.0\.0\.1:\d+)")[1]
    with urllib.request.urlopen(f"{flower}/healthcheck", timeout=10) as answer:
        assert answer.status == 200

    assert re.search(r"web +http://127\.0\.0\.1:\d+ takes orders over HTTP", said)
    (hint,) = re.findall(r"^ +(curl (?:.*\\\n)*.*)$", said, re.MULTILINE)
    if shutil.which("curl") or os.environ.get(REQUIRED):
        done = subprocess.run(["sh", "-c", hint], capture_output=True, text=True, check=True)
        assert json.loads(done.stdout) == {"accepted": [{"order_id": "2", "redemptions": ["sovendus:demo:2:MYCODE"]}]}
        up.until_said("redeemed +sovendus:demo:2:MYCODE")

    dead = up.redeem("dead", "list", "--json")
    assert (dead.returncode, len(dead.stdout.splitlines())) == (0, 2)

    second = up.redeem("up")
    assert second.returncode == 1
    assert f"already running, pid {up.process.pid}" in second.stderr

    up.begin_call("LAST-SLOW@2")
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(WITHIN) == 0
    assert re.search(r"stopping(.|\n)*redeemed +sovendus:demo:4711:LAST-SLOW@2", up.said())
    assert up.left() == []
    assert not (up.directory / ".redeem" / "up.env").exists()


def test_what_a_killed_one_left_running_is_stopped_by_the_next_and_its_orders_go_on(start: Callable[..., Up]) -> None:
    first = start("--no-sample-orders", "--workers", "1")
    first.until_said("Everything runs")
    first.emit("KEPT-503x1@5")
    first.until_said("retrying +sovendus:demo:4711:KEPT")
    # Without a partner the worker that is left running cannot redeem it before its successor is there.
    first.child("sandbox").kill()
    first.process.kill()
    first.process.wait()
    left = first.left()
    assert any("worker.app worker" in line for line in left)
    assert any("valkey-server" in line for line in left)

    second = start("--no-sample-orders", "--workers", "1")
    second.until_said(f"stopped {len(left)} processes that a killed predecessor left running")
    second.until_said("redeemed +sovendus:demo:4711:KEPT")
    second.process.send_signal(signal.SIGTERM)
    assert second.process.wait(WITHIN) == 0
    assert second.left() == []


def test_a_crash_is_mended_and_a_second_wish_to_stop_does_not_wait(
    start: Callable[..., Up], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://:s3cret@127.0.0.1:9/0")
    monkeypatch.setenv("FLOWER_URL_PREFIX", "theirs")
    up = start("--no-sample-orders", "--workers", "1")
    up.until_said("Everything runs")
    assert "not heeded in the environment: CELERY_BROKER_URL, FLOWER_URL_PREFIX; " in up.said()
    assert "s3cret" not in up.said()
    os.kill(up.child("--hostname worker@").pid, signal.SIGKILL)
    up.until_said(r"the worker was killed by SIGKILL; starting it again in 1 s")
    os.kill(up.child("valkey-server").pid, signal.SIGKILL)
    up.until_said(r"the embedded Valkey ended; starting it again")
    up.until_said(r"worker +ready again")

    up.begin_call("NEVER-HANGx*")
    up.process.send_signal(signal.SIGINT)
    stopping = time.monotonic()
    up.until_said("stopping")
    wait(lambda: time.monotonic() - stopping > 1.1, up.said)  # two within a second would count as one
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(12) == 1  # the call's own deadline is 15 s
    assert "cut short" in up.said()
    assert up.left() == []


def test_after_a_full_disk_the_brokers_file_is_written_anew_by_itself(start: Callable[..., Up]) -> None:
    up = start("--no-sample-orders", "--workers", "1")
    up.until_said("Everything runs")
    server = up.child("valkey-server")
    url = up.until_said(r"(redis://\S+) \(embedded")[1]

    def failing() -> bool:
        return up.redeem("status", "--json").stdout.count('"failing"') > 0

    with Redis.from_url(url, decode_responses=True) as redis:
        size = max(file.stat().st_size for file in up.directory.glob(".redeem/valkey/appendonlydir/*.incr.aof"))
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        try:
            wait(failing, up.said)
        finally:
            resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        up.until_said("its disk was full; Valkey writes again, and its append-only file is written anew")
        wait(lambda: redis.info("persistence")["aof_base_size"] > 0, up.said)
    wait(lambda: '"rewrite_needed"' not in up.redeem("status", "--json").stdout, up.said)


def test_a_taken_port_that_was_asked_for_is_explained(start: Callable[..., Up]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        up = start("--broker-port", str(port))
        assert up.process.wait(WITHIN) == 1
        assert f"port {port}, asked for the broker, is taken by another program" in up.said()
        assert up.left() == []
