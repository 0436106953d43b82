"""A real Celery worker at DEBUG level: what Celery, kombu and redis-py write goes through our logging too."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from celery import Celery

from config.redaction import ADDRESS, SECRET
from tests.faked_clock import same_clock

KEY = "k3y/with+chars"
QUICK = ("--without-mingle", "--without-gossip", "--without-heartbeat")
APP = """
import os, sys
from celery import Celery, signals
from config.logs import configure_logging
from config.redaction import Redactor

app = Celery("noisy", broker=os.environ["BROKER"])
app.conf.broker_connection_retry_on_startup = True

@signals.setup_logging.connect
def set_up(**_):
    configure_logging("DEBUG", "json", Redactor(["k3y/with+chars"]))

@app.task(name="noisy.fail")
def fail(*args):
    raise RuntimeError("failed with k3y%2Fwith%2Bchars for j4ne@example.com")
"""


def test_a_whole_celery_worker_at_debug_level_writes_json_and_no_arguments(tmp_path: Path, broker_url: str) -> None:
    (tmp_path / "noisy.py").write_text(APP)
    log = tmp_path / "log"
    command = [
        sys.executable,
        "-m",
        "celery",
        "-A",
        "noisy",
        "worker",
        "-P",
        "threads",
        "-c",
        "2",
        "-l",
        "DEBUG",
        *QUICK,
    ]
    environment = {
        "PATH": "/usr/bin:/bin",
        "BROKER": broker_url,
        "PYTHONPATH": f"{tmp_path}:{Path.cwd()}",
        **same_clock(),
    }
    with log.open("w") as stderr:
        worker = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )
    try:
        with Celery(broker=broker_url) as sender:
            sender.send_task("noisy.fail", ["j4ne@example.com", "customer-4711", KEY])
        until(lambda: "Traceback" in log.read_text())
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    written = log.read_text()
    records = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert {"celery.worker.strategy", "celery.app.trace", "celery.apps.worker"} <= {line["logger"] for line in records}
    assert f"RuntimeError: failed with {SECRET} for {ADDRESS}" in written
    for private in ("j4ne", "customer-4711", "k3y"):
        assert private not in written


def until(met: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
