"""What each start imports: modules, not seconds, so that a busy machine fails nothing."""

from __future__ import annotations

import subprocess
import sys

import pytest

_COUNTED = """
import sys
sys.argv = ["redeem", *{words!r}]
try:
    {start}
finally:
    print(*sys.modules, file=sys.stderr)
"""
_COMMAND = "from worker.cli import main; main()"
_HEAVY = {
    "pydantic",
    "pydantic_core",
    "celery",
    "redis",
    "rich",
    "structlog",
    "requests",
    "typing_extensions",
    "fastapi",
}
_OF_OTHERS = {
    "fastapi",
    "starlette",
    "uvicorn",
    "sqlalchemy",
    "flower",
    "tornado",
    "iso4217",
    "worker.dev",
    "worker.web",
}


def imported(start: str, *words: str) -> set[str]:
    """All modules that a process has when it ends."""
    code = _COUNTED.format(start=start, words=words)
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(ran.stderr.splitlines()[-1].split())


def test_help_waits_for_click_alone() -> None:
    modules = imported(_COMMAND, "--help")
    assert "click" in modules
    assert not modules & _HEAVY
    assert len(modules) < 150


@pytest.mark.parametrize(
    "start",
    ["import worker.composition", "import worker.cli.emit", "import worker.cli.status, worker.cli.check"],
)
def test_a_worker_and_the_commands_leave_the_doors_and_flower_alone(start: str) -> None:
    modules = imported(start)
    assert not modules & _OF_OTHERS
    assert len(modules) < 1100
