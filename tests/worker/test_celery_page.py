"""docs/celery.md says of each option, command and variable what the code does."""

from __future__ import annotations

import re
from pathlib import Path

from celery.bin.worker import worker

from tests.tasks import examples
from worker.framework_variables import flower_variables
from worker.remote_control import ALLOWED, REFUSED
from worker.worker_options import OPTIONS

PAGE = (Path(__file__).parents[2] / "docs" / "celery.md").read_text("utf-8")
VARIABLES, OPTIONS_TEXT, CONTROL = (text for text in re.split(r"^## .*$", PAGE, flags=re.MULTILINE)[1:])


def shown(text: str) -> set[str]:
    """What stands in the first columns of the text's tables."""
    rows = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    return {name for row in rows for name in re.findall(r"`([^`]+)`", row)}


def test_each_option_stands_where_it_belongs() -> None:
    heeded, refused = OPTIONS_TEXT.split("What is refused")
    spelled = {one.name: next(name for name in one.opts if name.startswith("--")) for one in worker.params if one.name}
    assert shown(refused) == {spelled[name] for name, option in OPTIONS.items() if option.refused}
    assert shown(heeded) == {spelled[name] for name, option in OPTIONS.items() if not option.refused}


def test_each_command_stands_where_it_belongs() -> None:
    allowed, refused = CONTROL.split("These are refused")
    assert shown(refused) == REFUSED.keys()
    assert shown(allowed) - {"celery -A worker.app inspect …"} == {
        name for name, why in ALLOWED.items() if not why.startswith("reads")
    }


def test_each_variable_of_flowers_is_named() -> None:
    named = {name for name in shown(VARIABLES) if name.startswith("FLOWER_")}
    settings = examples.settings(FLOWER__BASIC_AUTH="ann:s3cret")
    exact = {name for name in named if not name.endswith("…")}
    assert set(flower_variables(dict.fromkeys(named, ""), settings)) == exact - {
        "FLOWER_URL_PREFIX",
        "FLOWER_CERTFILE",
        "FLOWER_PERSISTENT",
    }
