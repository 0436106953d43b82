"""Loads a server over HTTP and measures it: orders a second, waits, and the CPU time of the processes that matter."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Self

import psutil

from worker.dev.ports import LOOPBACK, free_port

_READY_WITHIN: Final = 30.0


@dataclass
class Row:
    """What was measured of one way in; `waits` are seconds from request to answer."""

    name: str
    orders: int
    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    busy: dict[str, float] = field(default_factory=dict)

    def line(self) -> str:
        """The table's line."""
        waits = sorted(self.waits)
        p50, p99 = (waits[min(len(waits) - 1, int(share * len(waits)))] * 1000 for share in (0.5, 0.99))
        busy = "  ".join(f"{self.busy.get(who, 0) / self.orders * 1000:6.2f}" for who in ("taker", "broker"))
        return f"{self.name:<44}  {self.orders / self.seconds:>7,.0f}  {p50:>7.1f}  {p99:>7.1f}  {busy}"


class Measured:
    """Takes a row's time and the CPU time of the processes by role; a context manager."""

    def __init__(self, row: Row, **processes: int) -> None:
        self._row = row
        self._processes = {role: psutil.Process(pid) for role, pid in processes.items()}

    def __enter__(self) -> Self:
        self._before = {role: _busy(process) for role, process in self._processes.items()}
        self._began = time.perf_counter()
        return self

    def __exit__(self, *_: object) -> None:
        self._row.seconds = time.perf_counter() - self._began
        self._row.busy = {role: _busy(process) - self._before[role] for role, process in self._processes.items()}


def _busy(process: psutil.Process) -> float:
    family = [process, *process.children(recursive=True)]
    return sum(times.user + times.system for times in (one.cpu_times() for one in family))


def over_http(row: Row, port: int, clients: int, requests: Sequence[bytes], **processes: int) -> Row:
    """The requests from so many clients at once."""
    failed: list[Exception] = []

    def work(mine: Sequence[bytes]) -> None:
        try:
            with socket.create_connection((LOOPBACK, port)) as link, link.makefile("rb") as answers:
                for one in mine:
                    began = time.perf_counter()
                    link.sendall(one)
                    _read(answers)
                    row.waits.append(time.perf_counter() - began)
        except Exception as error:  # noqa: BLE001 - raised below, not lost with the thread
            failed.append(error)

    threads = [threading.Thread(target=work, args=(requests[place::clients],)) for place in range(clients)]
    with Measured(row, **processes):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    if failed:
        raise failed[0]
    return row


def _read(answers: Any) -> None:  # noqa: ANN401 - a buffered reader over a socket
    status, length = answers.readline(), 0
    while (line := answers.readline().strip()) != b"":
        name, _, value = line.partition(b":")
        length = int(value) if name.lower() == b"content-length" else length
    body = answers.read(length)
    if b" 202 " not in status:
        raise RuntimeError(f"{status!r} {body!r}")


@contextlib.contextmanager
def serving(command: Sequence[str], environment: dict[str, str], log: Path) -> Iterator[tuple[int, int]]:
    """A server process on a free port: the port, and its process id."""
    port = free_port()
    with log.open("wb") as said:
        process = subprocess.Popen(  # noqa: S603 - this very program
            [*command, "--port", str(port)], stdout=said, stderr=said, env=environment
        )
    try:
        until = time.monotonic() + _READY_WITHIN
        while not _listens(port):
            if process.poll() is not None or time.monotonic() > until:
                raise RuntimeError(log.read_text())
            time.sleep(0.05)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


def _listens(port: int) -> bool:
    try:
        socket.create_connection((LOOPBACK, port)).close()
    except ConnectionRefusedError:
        return False
    return True
