from __future__ import annotations

import json
import logging
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import pytest
import structlog

from config.logs import configure_logging
from config.redaction import ADDRESS, SECRET, Redactor
from tests.config.written import lines, objects

KEY = "k3y/with+chars"
REDACTOR = Redactor([KEY])
EVENT = f"event {KEY}"
Form = Literal["console", "json"]

pytestmark = pytest.mark.usefixtures("root_logger_as_before")


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


FULL = Path("/dev/full")
"""Linux's disk without room."""
TALKS = """
import logging, sys
from config.logs import configure_logging
from config.redaction import Redactor
configure_logging("INFO", "json", Redactor([]), file=sys.argv[1] or None)
for number in range(200):
    logging.getLogger("redeem").info("a line of a hundred characters %s %d", "x" * 60, number)
print("went on")
"""


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has it")
@pytest.mark.parametrize("file", ["", str(FULL)])
def test_a_full_disk_costs_lines_and_stops_nobody(file: str) -> None:
    with FULL.open("w") as full:
        done = subprocess.run([sys.executable, "-c", TALKS, file], stdout=subprocess.PIPE, stderr=full, check=False)
    assert done.stdout == b"went on\n"


def test_a_file_takes_all_lines_instead_of_stderr(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "worker.log"
    for text in ("first", "second"):
        configure_logging("INFO", "json", REDACTOR, file=str(file))
        structlog.get_logger("redeem").info(text, key=KEY)
    file.rename(tmp_path / "worker.log.1")
    structlog.get_logger("redeem").info("third")
    configure_logging("INFO", "json", REDACTOR)
    structlog.get_logger("redeem").info("fourth")
    moved = [json.loads(line) for line in (tmp_path / "worker.log.1").read_text().splitlines()]
    assert [(one["event"], one["key"]) for one in moved] == [("first", SECRET), ("second", SECRET)]
    assert json.loads(file.read_text())["event"] == "third"
    assert json.loads(capsys.readouterr().err)["event"] == "fourth"
