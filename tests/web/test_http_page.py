"""docs/http.md: every command is run, and answers as shown; the table of answers is complete."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.faked_clock import same_clock
from tests.tools import tool
from tests.web.conftest import SECRETS, TOKENS, Web
from worker.web.gate import MOST_AT_ONCE
from worker.web.protocol import MOST_CONNECTIONS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "http.md").read_text(encoding="utf-8")
SHOWN = re.findall(r"```sh\n(.*?)```\n+```(json|text)\n(.*?)```", PAGE, flags=re.DOTALL)


def test_every_command_answers_as_shown(web: Web) -> None:
    """In their order: later ones ask for what earlier ones handed in."""
    assert len(SHOWN) == PAGE.count("```sh") == 6
    for program in ("curl", "openssl"):
        tool(program, package=program)
    environment = {
        "PATH": "/usr/bin:/bin",
        **same_clock(),
        "REDEEM_URL": web.url,
        "REDEEM_TOKEN": TOKENS["uk"],
        "REDEEM_SECRET": SECRETS["uk"],
    }
    for script, kind, shown in SHOWN:
        ran = subprocess.run(
            ["bash", "-euc", script], env=environment, capture_output=True, text=True, timeout=60, check=True
        )
        if kind == "text":
            assert ran.stdout == shown
        else:
            assert without_time(json.loads(ran.stdout)) == without_time(json.loads(shown))


def without_time(answer: dict[str, Any]) -> dict[str, Any]:
    return answer | ({"completed_at": "some time"} if answer.get("completed_at") else {})


def test_every_kind_of_problem_has_its_row() -> None:
    told = set(re.findall(r"`([a-z-]+)`", "".join(re.findall(r"^\| [0-9, ]+ \|([^|]*)\|", PAGE, flags=re.MULTILINE))))
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "worker" / "web").glob("*.py")]
    used = {kind for text in sources for kind in re.findall(r'\btype="([a-z-]+)"', text)}
    assert told == used


@pytest.mark.parametrize("said", [f"{MOST_AT_ONCE} requests in hand", f"{MOST_CONNECTIONS} connections"])
def test_the_limits_shown_are_those_there_are(said: str) -> None:
    assert said in PAGE
