"""`redeem check`, and how commands speak of a broker or of settings that are wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis

from tests.acceptance.kit.ingest import Ingest
from tests.cli.conftest import Run
from tests.tasks.examples import KEY
from worker.dev.ports import free_port
from worker.dev.sandbox import Sandbox

Configure = Callable[..., None]
USER = "operator"
PASSWORD = "s3cr3t/p@ss"
WRITTEN = "s3cr3t%2Fp%40ss"


@pytest.fixture
def guarded(redis: Redis, broker_url: str) -> Iterator[str]:
    """The broker's URL with a login that it asks for."""
    redis.acl_setuser(USER, enabled=True, passwords=[f"+{PASSWORD}"], keys=["*"], channels=["*"], categories=["+@all"])
    yield broker_url.replace("://", f"://{USER}:{WRITTEN}@")
    redis.acl_deluser(USER)


def findings(redeem: Run) -> dict[str, list[str]]:
    """Level → what was found."""
    found: dict[str, list[str]] = {}
    for row in redeem("check", "--json").rows:
        found.setdefault(row["level"], []).append(f"{row['subject']}: {row['text']}")
    return found


def test_all_is_well(redeem: Run, configured: Configure, guarded: str) -> None:
    configured(BROKER_URL=guarded)
    ran = redeem("check")
    assert (ran.status, ran.err) == (0, "")
    assert "ok       settings: valid\n" in ran.out
    assert ": append-only file on\n" in ran.out
    assert ": noeviction\n" in ran.out
    assert "shop uk: accounts with sovendus, uniqodo; 0 rules\n" in ran.out
    assert "error" not in ran.out
    for secret in (PASSWORD, WRITTEN, KEY):
        assert secret not in ran.out
        assert secret not in str(findings(redeem))


def test_no_partner_is_called(redeem: Run, configured: Configure, sandbox: Sandbox) -> None:
    configured()
    found = findings(redeem)
    assert sandbox.calls() == []
    assert f"shop de: sovendus is {sandbox.url}, not the partner's own address" in found["warning"]


def test_a_wrong_password(redeem: Run, configured: Configure, guarded: str) -> None:
    configured(BROKER_URL=guarded.replace(WRITTEN, "wr0ngpass"))
    for words in (["check"], ["check", "--json"]):
        ran = redeem(*words)
        assert ran.status == 1
        assert "REDEEM_BROKER_URL" in ran.out
        assert "wr0ngpass" not in ran.out + ran.err
    for words in (["status"], ["dead", "list", "--json"], ["pause", "--all"], ["audit"], ["retry"], ["show", "x"]):
        ran = redeem(*words)
        assert (ran.status, ran.out) == (1, "")
        assert "the broker refuses the login in REDEEM_BROKER_URL" in ran.err
        assert "wr0ngpass" not in ran.err


def test_no_broker(redeem: Run, configured: Configure) -> None:
    port = free_port()
    configured(BROKER_URL=f"redis://user:passw0rd@127.0.0.1:{port}/0")
    ran = redeem("check")
    assert ran.status == 1
    assert f"error    broker 127.0.0.1:{port}/0: REDEEM_BROKER_URL: " in ran.out
    assert "shop uk" in ran.out, "the rest is checked all the same"
    ran = redeem("status", "--json")
    assert (ran.status, ran.out) == (1, "")
    assert f"the broker (127.0.0.1:{port}/0) cannot do that now" in ran.err
    assert "passw0rd" not in ran.err


def test_a_broker_that_forgets(redeem: Run, configured: Configure, redis: Redis) -> None:
    configured()
    before = redis.config_get("maxmemory-policy")
    redis.config_set("maxmemory-policy", "allkeys-lru")
    redis.config_set("appendonly", "no")
    try:
        assert redeem("check").status == 1
        found = findings(redeem)
    finally:
        redis.config_set("maxmemory-policy", str(before["maxmemory-policy"]))
        redis.config_set("appendonly", "yes")
    assert any("maxmemory-policy is allkeys-lru" in one for one in found["error"])
    assert any("append-only file off" in one for one in found["warning"])


@pytest.mark.parametrize(
    ("used", "level", "told"),
    [(0.5, "ok", "memory used"), (0.9, "warning", "memory used"), (2, "error", "no new orders")],
)
def test_a_broker_without_memory_to_spare(
    redeem: Run, configured: Configure, redis: Redis, used: float, level: str, told: str
) -> None:
    configured()
    redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] / used))
    try:
        found = findings(redeem)
    finally:
        redis.config_set("maxmemory", 0)
    assert any(told in one for one in found[level])


def test_no_shop(redeem: Run, broker_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REDEEM_BROKER_URL", broker_url)
    assert redeem("check").status == 1
    assert findings(redeem)["error"] == ["shops: none is configured: set REDEEM_SHOPS__<SHOP>__<PARTNER>__…"]
    assert redeem("status", "--json").out == ""
    assert redeem("status").out == "no shop is configured and nothing has come in yet\n"


COMMANDS = [["check"], ["status"], ["emit", "-"], ["show", "x"], ["dead", "list"], ["dead", "replay", "--all"],
            ["audit"], ["pause", "--all"], ["resume", "--all"], ["retry"]]  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("REDEEM_BROKER_URL", "http://user:passw0rd@host"),
        ("REDEEM_RETRY__BASE", "passw0rd"),
        ("REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID", "passw0rd"),
        ("REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_MEDIUM_PUBLIC_ID", "4711"),
        ("REDEEM_RETRYY__BASE", "2s"),
    ],
)
def test_wrong_settings_are_told_by_name(
    redeem: Run, configured: Configure, monkeypatch: pytest.MonkeyPatch, words: list[str], variable: str, value: str
) -> None:
    configured()
    monkeypatch.setenv(variable, value)
    ran = redeem(*words)
    assert (ran.status, ran.out) == (2, "")
    assert ran.err.startswith("redeem: ")
    assert variable in ran.err
    assert "passw0rd" not in ran.err


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_a_duration_without_its_unit_stops_every_command(redeem: Run, configured: Configure, words: list[str]) -> None:
    configured(LEDGER__KEEP="400", HUNG_AFTER="1s")
    ran = redeem(*words)
    assert (ran.status, ran.out) == (2, "")
    assert (
        "REDEEM_LEDGER__KEEP (environment): 400 needs a unit: a bare number is seconds; did you mean 400d?" in ran.err
    )
    assert "REDEEM_HUNG_AFTER (environment): must be from 2s to 1h, not 1s: " in ran.err


def test_a_forgotten_unit_that_may_be_meant_is_a_warning(redeem: Run, configured: Configure) -> None:
    configured(RETRY__GIVE_UP_AFTER="48")
    ran = redeem("check")
    assert "warning  settings: REDEEM_RETRY__GIVE_UP_AFTER is 48s: " in ran.out
    for sensible in ("48h", "0"):
        configured(RETRY__GIVE_UP_AFTER=sensible)
        assert "GIVE_UP_AFTER" not in redeem("check").out


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_settings_at_all(redeem: Run, words: list[str]) -> None:
    ran = redeem(*words)
    assert (ran.status, ran.out) == (2, "")
    assert "REDEEM_BROKER_URL" in ran.err


def test_settings_of_a_running_up_are_found(redeem: Run, broker_url: str, tmp_path: Path) -> None:
    (tmp_path / ".redeem").mkdir()
    (tmp_path / ".redeem" / "up.env").write_text(f"REDEEM_BROKER_URL={broker_url}\n")
    assert redeem("status").status == 0


def test_without_sentry_pages_are_log_lines(redeem: Run, configured: Configure) -> None:
    del configured
    assert "paging: log lines page.… and metrics only, since REDEEM_SENTRY_DSN is not set" in findings(redeem)["ok"]


def send_test_page(**settings: str) -> subprocess.CompletedProcess[str]:
    """In a process of its own, since the SDK changes the one it is started in."""
    environment = {**os.environ, **{f"REDEEM_{name}": value for name, value in settings.items()}}
    command = (sys.executable, "-P", "-c", "from worker.cli import main; main()", "check", "--send-test-page")
    return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)


def test_a_test_page_is_sent_and_logged(configured: Configure) -> None:
    del configured
    with Ingest() as ingest:
        done = send_test_page(SENTRY_DSN=ingest.dsn, LOG_FORMAT="json")
        (page,) = ingest.pages()
    assert "paging: Sentry has taken a test page" in done.stdout
    assert (page["level"], page["fingerprint"], page["tags"]["alarm"]) == ("error", ["redeem", "test"], "test")
    (line,) = [json.loads(line) for line in done.stderr.splitlines()]
    assert (line["event"], line["level"]) == ("page.test", "error")


def test_a_sentry_that_is_not_there_is_told(configured: Configure) -> None:
    del configured
    done = send_test_page(SENTRY_DSN=f"http://key@127.0.0.1:{free_port()}/1")
    assert done.returncode == 1
    assert "REDEEM_SENTRY_DSN: Sentry did not take the test page: no connection" in done.stdout


def test_variables_of_celery_and_flower_are_named(
    redeem: Run, configured: Configure, monkeypatch: pytest.MonkeyPatch
) -> None:
    configured()
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://:s3cret@elsewhere.example:6379/0")
    monkeypatch.setenv("FLOWER_PORT", "tcp://10.0.0.7:5555")
    (said,) = [text for text in findings(redeem)["warning"] if text.startswith("settings: not heeded")]
    assert said == (
        "settings: not heeded in the environment: CELERY_BROKER_URL, FLOWER_PORT; "
        "Redeem goes by REDEEM_BROKER_URL, REDEEM_FLOWER__PORT. Unset them."
    )
