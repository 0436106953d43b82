"""Our programs as processes of their own: started, watched until ready, stopped warm, killed, or held still."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import requests

import worker
from tests.acceptance.kit.polling import eventually
from tests.ports import lasting_port
from worker.dev.ports import LOOPBACK

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

_READY_WITHIN = 90.0
_CELERY = (sys.executable, "-m", "celery", "-A", "worker.app")
REDEEM = (sys.executable, "-P", "-c", "from worker.cli import main; main()")
"""The `redeem` command, none of which is taken from the directory it is run in."""
_FLOWER_CONFIG = Path(worker.__file__).with_name("flowerconfig.py")


class Daemon(ABC):
    """A process with its output in a file; a context manager that leaves nothing running."""

    def __init__(self, command: tuple[str, ...], environment: Mapping[str, str], log: Path) -> None:
        self._command = command
        self._environment = dict(environment)
        self.log = log
        self._process: subprocess.Popen[bytes] | None = None
        self._log_from = 0

    @abstractmethod
    def is_ready(self) -> bool:
        """Whether it does its work."""

    def start(self) -> Self:
        """Return once it is ready. A process that ran before must have ended; its log is added to."""
        self.launch()
        self.until_ready()
        return self

    def launch(self) -> None:
        """Start it without waiting."""
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=self._environment,
                cwd=self.log.parent,  # not the checkout, whose `.env` is the developer's
                start_new_session=True,
            )

    def until_ready(self) -> None:
        """Fails when it ends, or is not ready in time, with what it said."""
        eventually(lambda: self.exit_code() is not None or self.is_ready(), within=_READY_WITHIN, what=str(self.log))
        assert self.exit_code() is None, self.said()

    def exit_code(self) -> int | None:
        """None while it runs."""
        return self._running().poll()

    def said(self) -> str:
        """What it has written since its last start."""
        return self.log.read_bytes()[self._log_from :].decode(errors="replace")

    def entries(self, event: str) -> list[dict[str, Any]]:
        """Its log's entries of that name, since its last start, where the log is JSON lines."""
        *whole, _being_written = self.said().split("\n")
        return [entry for line in whole if line.startswith("{") and (entry := json.loads(line))["event"] == event]

    @property
    def name(self) -> str:
        """What its log is called by."""
        return self.log.stem

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._running().pid

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal."""
        self._running().send_signal(number)

    def stop(self, grace: float = 30.0) -> int:
        """SIGTERM, and its exit status; fails when it still runs after `grace` seconds."""
        self.signal(signal.SIGTERM)
        return self._running().wait(grace)

    def kill(self) -> None:
        """SIGKILL, to it and whatever it has started; harmless when it has ended."""
        if self._process is None or self._process.returncode is not None:
            return
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def _running(self) -> subprocess.Popen[bytes]:
        assert self._process is not None, "never started"
        return self._process

    def __enter__(self) -> Self:
        try:
            return self.start()
        except BaseException:
            self.kill()
            raise

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()


class WorkerProcess(Daemon):
    """`celery -A worker.app worker`, its log as JSON lines."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str, node: str = "worker") -> None:
        command = (*_CELERY, "--quiet", "worker", "--hostname", f"{node}@test", *options)
        super().__init__(command, {**environment, "REDEEM_LOG_FORMAT": "json"}, log)
        self.node = f"{node}@test"

    def is_ready(self) -> bool:
        return f"{self.node} ready." in self.said()


class FlowerProcess(Daemon):
    """`celery -A worker.app flower` on a free port, its API open."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        self.url = f"http://{LOOPBACK}:{(port := lasting_port())}"
        command = (*_CELERY, "flower", f"--conf={_FLOWER_CONFIG}", f"--address={LOOPBACK}", f"--port={port}")
        super().__init__(command, {**environment, "FLOWER_UNAUTHENTICATED_API": "true"}, log)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.url}/healthcheck", timeout=5).ok
        except requests.ConnectionError:
            return False


class WebProcess(Daemon):
    """`redeem serve` on a port of its own, which it keeps over restarts; its log as JSON lines."""

    def __init__(self, environment: Mapping[str, str], log: Path, *options: str) -> None:
        self.port = lasting_port()
        command = (*REDEEM, "serve", "--port", str(self.port), *options)
        super().__init__(command, {**environment, "REDEEM_LOG_FORMAT": "json"}, log)

    @property
    def url(self) -> str:
        """Its base URL."""
        return f"http://{LOOPBACK}:{self.port}"

    def is_ready(self) -> bool:
        try:
            requests.get(self.url, timeout=5)  # whatever it answers, it listens
        except requests.ConnectionError:
            return False
        return True
