"""The command as the shell sees it: help without weight, the schema, pipes that close."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from redis import Redis

from tests.cli.conftest import Run, event, lines
from worker.cli import COMMANDS
from worker.cli import redeem as group

SCHEMA = Path(__file__).parents[2] / "docs" / "event.schema.json"
HEAVY = (
    "celery",
    "kombu",
    "pydantic",
    "pydantic_settings",
    "redis",
    "requests",
    "rich",
    "flower",
    "sentry_sdk",
    "tasks",
)


def test_help_needs_none_of_the_heavy_libraries() -> None:
    program = (
        "import sys; from worker.cli import redeem\n"
        "try: redeem.main(['--help'], prog_name='redeem')\n"
        f"except SystemExit: sys.stderr.write(' '.join(name for name in {HEAVY!r} if name in sys.modules))"
    )
    ran = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ran.stderr == ""
    for name in COMMANDS:
        assert f"\n  {name} " in ran.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself(redeem: Run, name: str) -> None:
    for flag in ("--help", "-h"):
        ran = redeem(name, flag)
        assert (ran.status, ran.err) == (0, "")
        assert ran.out.startswith(f"Usage: redeem {name}")


def test_commands_keep_the_promise_of_json() -> None:
    context = click.Context(group)
    without = {"up", "sandbox", "schema", "completion", "metrics", "serve"}
    for name in COMMANDS:
        command = group.get_command(context, name)
        assert command is not None
        members = command.commands.values() if isinstance(command, click.Group) else [command]
        for member in members:
            assert any("--json" in option.opts for option in member.params) == (name not in without)


def test_an_unknown_command_is_wrong_use(redeem: Run) -> None:
    ran = redeem("redeeem")
    assert (ran.status, ran.out) == (2, "")
    assert "No such command" in ran.err


def test_the_schema_is_the_committed_file(redeem: Run) -> None:
    ran = redeem("schema")
    assert (ran.status, ran.err) == (0, "")
    assert ran.out == SCHEMA.read_text(encoding="utf-8"), "run: redeem schema > docs/event.schema.json"
    assert json.loads(ran.out)["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def run_alone(*words: str, **options: object) -> subprocess.Popen[str]:
    code = "from worker.cli import main; main()"
    return subprocess.Popen(  # type: ignore[call-overload, no-any-return]  # the options are Popen's own
        [sys.executable, "-c", code, *words], env=dict(os.environ), text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, **options,
    )  # fmt: skip


def test_a_pipe_that_closes_is_no_fault_of_the_brokers(redeem: Run, configured: Callable[..., None]) -> None:
    configured()
    redeem("emit", "-", stdin=lines(*(event(str(number), shop="fr") for number in range(500))))
    with run_alone("dead", "list", "--json") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert json.loads(process.stdout.readline())
        process.stdout.close()
        assert process.stderr.read() == ""


def test_wrong_settings_show_no_trace() -> None:
    with run_alone("status") as process:
        out, err = process.communicate()
    assert (process.returncode, out) == (2, "")
    assert err.startswith("redeem: ")
    assert "Traceback" not in err


def test_a_table_for_a_file_is_never_cut(redeem: Run, configured: Callable[..., None], redis: Redis) -> None:
    configured()
    del redis
    redeem("emit", "-", stdin=lines(event("o" * 128, "C" * 128, shop="fr")))
    [head, row] = redeem("dead", "list").out.splitlines()
    assert f"unrouted:fr:{'o' * 128}:{'C' * 128}" in row
    assert "id" in head
