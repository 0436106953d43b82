from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
import structlog
from celery import Celery

from config.logs import configure_logging
from config.redaction import ADDRESS, SECRET, Redactor

KEY = "k3y/with+chars"
REDACTOR = Redactor([KEY])
EVENT = f"event {KEY}"
Form = Literal["console", "json"]


@pytest.fixture(autouse=True)
def _root_as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


def lines(capsys: pytest.CaptureFixture[str]) -> list[str]:
    return capsys.readouterr().err.splitlines()


def objects(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines(capsys)]


def test_json_is_one_object_a_line_with_time_level_logger_and_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "json", REDACTOR)
    structlog.get_logger("redeem").info("delivery.attempted", id="uniqodo:uk:1:Ü", ms=12.5, delay=None, ok=True)
    logging.getLogger("celery.worker").warning("kept %d of %s", 3, "four")
    ours, theirs = objects(capsys)
    assert list(ours) == ["ts", "level", "logger", "event", "id", "ms", "delay", "ok"]
    assert ours | {"ts": ""} == {
        "ts": "",
        "level": "info",
        "logger": "redeem",
        "event": "delivery.attempted",
        "id": "uniqodo:uk:1:Ü",
        "ms": 12.5,
        "delay": None,
        "ok": True,
    }
    assert theirs | {"ts": ""} == {
        "ts": "",
        "level": "warning",
        "logger": "celery.worker",
        "event": "kept 3 of four",
    }
    for line in (ours, theirs):
        moment = datetime.fromisoformat(line["ts"])
        assert moment.utcoffset() == timedelta(0)
        assert abs(datetime.now(UTC) - moment) < timedelta(minutes=1)


def test_the_console_is_one_line_a_record_without_colours_off_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", "console", REDACTOR)
    structlog.get_logger("redeem").info("delivery.attempted", id="uniqodo:uk:1:C", outcome="redeemed")
    logging.getLogger("kombu").error("lost\nthe \x1b[31mconnection")
    ours, theirs = lines(capsys)
    assert "delivery.attempted" in ours
    assert "id=uniqodo:uk:1:C" in ours
    assert "outcome=redeemed" in ours
    assert "\x1b" not in ours
    assert r"lost\nthe \x1b[31mconnection" in theirs
    assert "[kombu]" in theirs


def test_the_console_has_colours_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal:
        written = ""

        def write(self, text: str) -> None:
            self.written += text

        def flush(self) -> None: ...

        def isatty(self) -> bool:
            return True

    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    configure_logging("INFO", "console", REDACTOR)
    structlog.get_logger("redeem").info("x", mail="jane@example.com")
    assert "\x1b[" in terminal.written
    assert f"m{ADDRESS}\x1b[0m" in terminal.written


@pytest.mark.parametrize("form", ["console", "json"])
@pytest.mark.parametrize("times", [1, 3])
def test_calling_again_replaces_and_never_doubles(form: Form, times: int, capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(times):
        configure_logging("INFO", form, REDACTOR)
    structlog.get_logger("redeem").info("once")
    logging.getLogger("celery").info("once")
    assert len(lines(capsys)) == 2


def test_the_last_call_counts_for_loggers_in_use_already(capsys: pytest.CaptureFixture[str]) -> None:
    log = structlog.get_logger("redeem")
    configure_logging("ERROR", "console", Redactor([]))
    log.info("hidden")
    log.error("shown")
    configure_logging("DEBUG", "json", REDACTOR)
    log.debug("shown %s", KEY)
    first, second = lines(capsys)
    assert "shown" in first
    assert json.loads(second)["event"] == f"shown {SECRET}"


def test_handlers_of_others_stay(capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture) -> None:
    configure_logging("INFO", "json", REDACTOR)
    logging.getLogger("celery").info("both")
    assert len(lines(capsys)) == 1
    assert caplog.messages == ["both"]


@pytest.mark.parametrize("form", ["console", "json"])
def test_secrets_and_addresses_are_nowhere_in_a_record(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("DEBUG", form, REDACTOR)
    log = structlog.get_logger("redeem")
    log.info(EVENT, field=KEY, tree={"list": [KEY, ("jane@example.com",)]}, path=Path(f"/x/{KEY}"))
    log.info("positional %s", KEY)
    log.info("key", **{KEY: 1})
    logging.getLogger("celery").info("message %s %r\njane@example.com", KEY, {"a": KEY})
    logging.getLogger(f"logger.{KEY}").info("x")
    with structlog.contextvars.bound_contextvars(bound=KEY):
        log.info("context")
    written = capsys.readouterr().err
    assert written.count(SECRET) >= 9
    assert written.count(ADDRESS) == 2
    assert "k3y" not in written
    assert "jane" not in written
    if form == "json":
        assert all(json.loads(line) for line in written.splitlines())


@pytest.mark.parametrize("form", ["console", "json"])
def test_a_traceback_is_redacted_and_shows_no_locals(form: Form, capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("INFO", form, REDACTOR)

    def fail() -> None:
        local = "l0cal-value"
        raise ValueError(f"bad {KEY} of jane@example.com, {len(local)}")

    for log in (structlog.get_logger("redeem"), logging.getLogger("celery")):
        try:
            fail()
        except ValueError:
            log.exception("went wrong")
    written = capsys.readouterr().err
    assert written.count("Traceback (most recent call last)") == 2
    assert written.count(f"ValueError: bad {SECRET} of {ADDRESS}, 11") == 2
    assert "l0cal-value" not in written


def test_extra_of_foreign_records_is_left_out(capsys: pytest.CaptureFixture[str]) -> None:
    """Celery puts the arguments of tasks there."""
    configure_logging("DEBUG", "json", REDACTOR)
    context = {"name": "orders.completed", "args": "customer 4711"}
    logging.getLogger("celery.worker.strategy").info("Task %(name)s received", context, extra={"data": context})
    (line,) = objects(capsys)
    assert set(line) == {"ts", "level", "logger", "event"}
    assert line["event"] == "Task orders.completed received"


@pytest.mark.parametrize(
    ("name", "level", "shown"),
    [
        ("urllib3.connectionpool", logging.DEBUG, False),
        ("urllib3.connectionpool", logging.WARNING, False),
        ("urllib3.connectionpool", logging.ERROR, True),
        ("requests", logging.INFO, False),
        ("celery.pool", logging.DEBUG, False),
        ("celery.pool", logging.INFO, True),
        ("kombu.channel", logging.DEBUG, False),
        ("kombu.pidbox", logging.DEBUG, False),
        ("redis.client", logging.DEBUG, False),
        ("celery.worker.request", logging.DEBUG, True),
    ],
)
def test_loggers_that_print_arguments_and_urls_stay_silent_at_any_level(
    name: str, level: int, *, shown: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    configure_logging("DEBUG", "json", REDACTOR)
    logging.getLogger(name).log(level, "x")
    assert bool(lines(capsys)) is shown


def test_a_silent_logger_follows_a_higher_level(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("CRITICAL", "json", REDACTOR)
    logging.getLogger("celery.pool").error("x")
    assert lines(capsys) == []


def test_a_record_that_cannot_be_rendered_is_told_without_its_arguments(capsys: pytest.CaptureFixture[str]) -> None:
    logging.getLogger().handlers.clear()  # pytest's own raises
    configure_logging("INFO", "json", REDACTOR)
    logging.getLogger("celery").info("%d", KEY)
    logging.getLogger("celery").info("next")
    first, second = lines(capsys)
    assert first == "a log record of celery could not be written: TypeError"
    assert json.loads(second)["event"] == "next"


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
    raise RuntimeError("failed with k3y%2Fwith%2Bchars for jane@example.com")
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
    environment = {"PATH": "/usr/bin:/bin", "BROKER": broker_url, "PYTHONPATH": f"{tmp_path}:{Path.cwd()}"}
    with log.open("w") as stderr:
        worker = subprocess.Popen(
            command, env=environment, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=stderr, start_new_session=True
        )
    try:
        with Celery(broker=broker_url) as sender:
            sender.send_task("noisy.fail", ["jane@example.com", "customer-4711", KEY])
        until(lambda: "Traceback" in log.read_text())
    finally:
        worker.send_signal(signal.SIGTERM)
        worker.wait(20)
    written = log.read_text()
    records = [json.loads(line) for line in written.splitlines() if line.startswith("{")]
    assert {"celery.worker.strategy", "celery.app.trace", "celery.apps.worker"} <= {line["logger"] for line in records}
    assert f"RuntimeError: failed with {SECRET} for {ADDRESS}" in written
    for private in ("jane", "customer-4711", "k3y"):
        assert private not in written


def until(met: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.05)
