"""Workers that tell how they are, as their supervisor sees them; and a way to make one hang."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.acceptance.kit.polling import eventually

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.acceptance.kit.processes import WorkerProcess

_HANG: Final = """
import logging, os, signal, time

def hang_for_good(*_):
    while True:
        time.sleep(60)

def hang(*_):
    if os.environ["HANG"] == "waker":
        import worker.waker
        worker.waker.Rounds.look = hang_for_good
        return
    if os.environ["HANG"] == "with the log":
        for handler in logging.getLogger().handlers:
            handler.acquire()
    hang_for_good()

signal.signal(signal.SIGUSR2, hang)
"""


class Signs:
    """The files of one worker, in `directory`."""

    def __init__(self, directory: Path) -> None:
        self.alive = directory / "alive"
        self.ready = directory / "ready"
        self._site = directory / "site"

    def settings(self) -> dict[str, str]:
        """What makes a worker write them."""
        return {"LIVENESS_FILE": str(self.alive), "READINESS_FILE": str(self.ready)}

    def hanging(self, what: str = "main thread") -> Mapping[str, str]:
        """An environment in which SIGUSR2 hangs that for good: "main thread", also "with the log", or "waker"."""
        self._site.mkdir()
        (self._site / "sitecustomize.py").write_text(_HANG)
        return {"PYTHONPATH": str(self._site), "HANG": what}

    def touched(self) -> int:
        """When it was well last, in nanoseconds."""
        return self.alive.stat().st_mtime_ns

    def until_touched_again(self, worker: WorkerProcess) -> None:
        """Fails where the worker ends instead."""
        before = self.touched()
        eventually(lambda: worker.exit_code() is not None or self.touched() > before, what="a sign of life")
        assert worker.exit_code() is None, worker.said()

    def say_it_is_well(self) -> bool:
        """What the probe in our manifests makes of them."""
        text = (Path(__file__).parents[3] / "deploy" / "kubernetes" / "worker.yaml").read_text("utf-8")
        (probe,) = re.findall(r"livenessProbe:\s+exec: \{command: \[sh, -c, '(.+)'\]\}", text)
        line = probe.replace("/tmp/alive", shlex.quote(str(self.alive)))
        return subprocess.run(["sh", "-c", line], check=False, stderr=subprocess.DEVNULL).returncode == 0
