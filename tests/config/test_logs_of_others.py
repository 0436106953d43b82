"""Records of libraries, which know nothing of secrets: what is left out of them, and which are not written at all."""

from __future__ import annotations

import json
import logging

import pytest

from config.logs import configure_logging
from config.redaction import Redactor
from tests.config.written import lines, objects

KEY = "k3y/with+chars"
REDACTOR = Redactor([KEY])

pytestmark = pytest.mark.usefixtures("root_logger_as_before")


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
