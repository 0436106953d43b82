"""What commands write besides their answer: to standard error, as configured, and without secrets."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.kit import System

LOGGING_COMMAND = """
import structlog
from worker.cli.connection import connected
with connected():
    structlog.get_logger("redeem.doorbell").warning("doorbell.unheard", error="no route to key-of-shop0")
"""


def test_logs_are_no_part_of_the_answer_and_hold_no_secret(system: System) -> None:
    done = subprocess.run(
        (sys.executable, "-P", "-c", LOGGING_COMMAND),
        capture_output=True,
        text=True,
        env=system.environment | {"REDEEM_LOG_FORMAT": "json"},
        cwd=system.directory,
        timeout=60,
        check=True,
    )
    assert done.stdout == ""
    entry = json.loads(done.stderr)
    assert (entry["event"], entry["error"]) == ("doorbell.unheard", "no route to [secret]")
