"""`.redeem/up.env`, which a running `redeem up` leaves for commands in a second terminal."""

from __future__ import annotations

from pathlib import Path

import pytest

from config import sources
from config.complaints import SettingsError
from tests.config.registry import broker, load_from, write_secret

UP = "REDEEM_BROKER_URL=redis://from-up\nREDEEM_SHOPS__DEMO__TOKEN=demo\n"


@pytest.fixture(autouse=True)
def _up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "DEFAULT_SECRETS_DIR", tmp_path / "none")
    (tmp_path / ".redeem").mkdir()
    (tmp_path / ".redeem" / "up.env").write_text(UP)


def test_it_says_where_the_broker_is_when_nothing_else_does(tmp_path: Path) -> None:
    settings = load_from(tmp_path, REDEEM_LOG_LEVEL="ERROR")
    assert (broker(settings), set(settings.shops)) == ("redis://from-up", {"demo"})


@pytest.mark.parametrize("source", ["environment", ".env", "redeem.toml", "secrets"])
def test_it_counts_for_nothing_when_any_other_source_does(tmp_path: Path, source: str) -> None:
    environ = {"REDEEM_BROKER_URL": "redis://other"} if source == "environment" else {}
    if source == ".env":
        (tmp_path / ".env").write_text("REDEEM_BROKER_URL=redis://other\n")
    elif source == "redeem.toml":
        (tmp_path / "redeem.toml").write_text('broker_url = "redis://other"\n')
    elif source == "secrets":
        write_secret(tmp_path / "s", "REDEEM_BROKER_URL", "redis://other")
        environ = {"REDEEM_SECRETS_DIR": "s"}
    settings = load_from(tmp_path, **environ)
    assert (broker(settings), dict(settings.shops)) == ("redis://other", {})


def test_it_is_the_weakest_source(tmp_path: Path) -> None:
    (tmp_path / "redeem.toml").write_text('[shops.demo]\ntoken = "mine"\n')
    token = load_from(tmp_path).shops["demo"].token
    assert token is not None
    assert token.get_secret_value() == "mine"


def test_its_faults_name_it(tmp_path: Path) -> None:
    (tmp_path / ".redeem" / "up.env").write_text(UP + "REDEEM_LOGLEVEL=INFO\n")
    with pytest.raises(SettingsError, match=r"REDEEM_LOGLEVEL \(\.redeem/up\.env\)"):
        load_from(tmp_path)
