"""What README and docs/ show is run: events, settings, code, commands and links."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import click
import jsonschema
import pytest
from redis import Redis

from config.settings import load_settings
from tasks.events import event_schema
from tasks.orders import parse_order
from tasks.partners import SPECS
from tests.faked_clock import same_clock
from worker.cli import redeem

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str, text: str = README) -> list[str]:
    found = re.findall(rf"```{language}\n(.*?)```", text, flags=re.DOTALL)
    assert found, f"no {language} block any more: adapt this test"
    return found


def test_the_event_shown_is_valid() -> None:
    for block in blocks("json"):
        event = json.loads(block)
        jsonschema.validate(event, event_schema())
        assert parse_order(event, now=datetime.fromisoformat(event["completed_at"])).email_hash


def test_the_settings_shown_load(tmp_path: Path) -> None:
    environ = dict(line.split("=", 1) for block in blocks("sh") for line in block.splitlines())
    (tmp_path / "redeem.toml").write_text("\n".join(blocks("toml")))
    shop = load_settings(SPECS, environ=environ, directory=tmp_path).shops["uk"]
    assert shop.account("sovendus")
    assert shop.account("uniqodo")
    assert [rule.partner for rule in shop.rules] == ["uniqodo", "none"]
    assert shop.master_codes == {"WELCOME", "SPRING"}


def test_the_python_shown_puts_an_order_onto_the_queue(redis: Redis, broker_url: str, tmp_path: Path) -> None:
    (code,) = blocks("python")
    environment = {"PATH": "/usr/bin:/bin", "REDEEM_BROKER_URL": broker_url, **same_clock()}
    subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=tmp_path, timeout=60)
    assert redis.llen("orders") == 1


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_shown_exists(page: Path) -> None:
    shown = re.findall(r"(?:^ {4}|\./run |`|\| )redeem ([a-z]+)(?: ([a-z]+))?", page.read_text("utf-8"), re.MULTILINE)
    context = click.Context(redeem)
    for name, second in shown:
        command = redeem.get_command(context, name)
        assert command is not None, f"redeem {name}"
        if isinstance(command, click.Group) and second:
            assert command.get_command(context, second), f"redeem {name} {second}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_file_named_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    links = [page.parent / link for link in re.findall(r"\]\(([^)#:]+)\)", text)]
    folders = ("config", "tasks", "worker", "tests", "docs")
    named = [ROOT / path for path in re.findall(r"`((?:\w+/)+[\w.]+\.\w+)`", text) if path.split("/")[0] in folders]
    scripts = [ROOT / "tasks/ledger" / path for path in re.findall(r"`(scripts/\w+\.lua)`", text)]
    missing = [path for path in (*links, *named, *scripts) if not path.exists()]
    assert not missing
