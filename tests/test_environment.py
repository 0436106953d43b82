"""The environment that the tests run in, made of a developer's that is full of traps."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
PROGRAM = """
import json, os, resource, sys
resource.setrlimit(resource.RLIMIT_NOFILE, (256, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
from tests.environment import isolate, registries
isolate()
first = dict(os.environ)
isolate()
print(json.dumps({
    "seen": dict(os.environ), "same": first == dict(os.environ), "home": os.listdir(os.environ["HOME"]),
    "registries": registries(), "files": resource.getrlimit(resource.RLIMIT_NOFILE),
}))
"""
TRAPS = {
    "REDEEM_BROKER_URL": "redis://127.0.0.1:1/0",
    "CELERY_BROKER_URL": "redis://127.0.0.1:1/0",
    "FLOWER_PORT": "1",
    "SENTRY_DSN": "http://key@127.0.0.1:1/1",
    "PGHOST": "elsewhere",
    "MYSQL_HOST": "elsewhere",
    "PYTHONWARNINGS": "error",
    "LC_MESSAGES": "de_DE",
    "COLUMNS": "40",
    "FORCE_COLOR": "1",
    "PORT": "1",
}
OUTSIDE = {"HTTPS_PROXY": "http://127.0.0.1:1", "no_proxy": "a", "UV_INDEX": "http://127.0.0.1:1", "HOME": "/nowhere"}


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    given = {"PATH": os.environ["PATH"], "TZ": "Asia/Kathmandu", **TRAPS, **OUTSIDE, "PYTHONPATH": str(ROOT)}
    done = subprocess.run([sys.executable, "-c", PROGRAM], env=given, capture_output=True, text=True, check=True)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_what_is_not_listed_is_not_seen(told: dict[str, Any]) -> None:
    seen = told["seen"]
    assert not (TRAPS.keys() | OUTSIDE.keys()) & (seen.keys() - {"HOME"})
    assert (seen["TZ"], seen["PATH"]) == ("Asia/Kathmandu", os.environ["PATH"])
    assert told["same"], "pytest-xdist's processes are given what was made for the first"


def test_the_home_is_an_empty_one_that_goes_with_the_tests(told: dict[str, Any]) -> None:
    assert told["home"] == []
    assert not Path(told["seen"]["HOME"]).exists()


def test_what_installs_packages_reaches_the_registries(told: dict[str, Any]) -> None:
    assert OUTSIDE.items() <= told["registries"].items()


def test_more_files_may_be_open_than_macos_lets(told: dict[str, Any]) -> None:
    soft, hard = told["files"]
    assert soft == -1 or soft >= min(4096, hard if hard != -1 else 4096)


def test_these_tests_run_in_such_a_one() -> None:
    assert not {name for name in os.environ if name.startswith(("REDEEM_", "CELERY_", "PG", "HTTP"))}
