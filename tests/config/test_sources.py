from __future__ import annotations

import os
from pathlib import Path

import pytest

from config import sources
from config.complaints import SettingsError
from tests.config.registry import UniqodoLike, broker, complaint, complaints, load, load_from, write_secret

TOML = """
broker_url = "redis://from-toml"
log_level = "DEBUG"

[retry]
base = 0.5
cap = "5s"

[shops.uk]
master_codes = ["summer"]
[shops.uk.uniqodo]
merchant_id = 42
send_uid = true
[[shops.uk.rules]]
pattern = "UQ*"
partner = "uniqodo"
[[shops.uk.rules]]
pattern = "STAFF*"
partner = "none"
"""


@pytest.fixture(autouse=True)
def _no_secrets_of_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "DEFAULT_SECRETS_DIR", Path("/nonexistent/secrets"))


def test_the_strongest_source_wins(tmp_path: Path) -> None:
    (tmp_path / ".redeem").mkdir()
    secrets = tmp_path / "secrets"
    write_secret(secrets, "REDEEM_BROKER_URL", "redis://from-secrets\n")
    (tmp_path / ".redeem" / "up.env").write_text("REDEEM_BROKER_URL=redis://from-up\n")
    (tmp_path / "redeem.toml").write_text('broker_url = "redis://from-toml"\n')
    (tmp_path / ".env").write_text("REDEEM_BROKER_URL=redis://from-dotenv\n")

    assert broker(load_from(tmp_path, REDEEM_BROKER_URL="redis://from-env")) == "redis://from-env"
    assert broker(load_from(tmp_path)) == "redis://from-dotenv"
    (tmp_path / ".env").unlink()
    assert broker(load_from(tmp_path)) == "redis://from-toml"
    (tmp_path / "redeem.toml").unlink()
    assert broker(load_from(tmp_path, REDEEM_SECRETS_DIR=str(secrets))) == "redis://from-secrets"
    assert broker(load_from(tmp_path)) == "redis://from-up"


def test_sources_merge_setting_by_setting(tmp_path: Path) -> None:
    (tmp_path / "redeem.toml").write_text(TOML)
    (tmp_path / ".env").write_text("REDEEM_SHOPS__UK__UNIQODO__API_KEY=from-dotenv\nREDEEM_SHOPS__DE__TOKEN=t\n")
    settings = load_from(tmp_path, REDEEM_RETRY__CAP="7s", REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID="43")
    shop = settings.shops["uk"]
    account = shop.account("uniqodo")
    assert isinstance(account, UniqodoLike)
    assert (account.api_key.get_secret_value(), account.merchant_id, account.send_uid) == ("from-dotenv", 43, True)
    assert shop.master_codes == {"SUMMER"}
    assert [(rule.pattern, rule.partner) for rule in shop.rules] == [("UQ*", "uniqodo"), ("STAFF*", "none")]
    assert (settings.retry.base, settings.retry.cap, settings.log_level) == (0.5, 7, "DEBUG")
    assert set(settings.shops) == {"uk", "de"}


def test_an_empty_value_counts_as_unset(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("REDEEM_LOG_LEVEL=WARNING\nREDEEM_BROKER_URL=redis://h\n")
    (tmp_path / "redeem.toml").write_text('sentry_dsn = ""\n')
    settings = load_from(tmp_path, REDEEM_LOG_LEVEL="", REDEEM_SENTRY_DSN="  ", REDEEM_SHOPS__UK__TOKEN="")
    assert settings.log_level == "WARNING"
    assert settings.sentry_dsn is None
    assert dict(settings.shops) == {}


def test_names_are_case_insensitive_in_every_source(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("redeem_shops__Uk__token=t0ken\n")
    (tmp_path / "redeem.toml").write_text('[Shops.UK]\nDefault_Partner = "none"\n')
    shop = load({"Redeem_Log_Level": "ERROR"}, tmp_path).shops["uk"]
    assert (shop.token and shop.token.get_secret_value(), shop.default_partner) == ("t0ken", "none")


def test_the_same_setting_in_two_spellings_is_refused(tmp_path: Path) -> None:
    (tmp_path / "redeem.toml").write_text('[shops.uk]\ntoken = "SEKRET1"\n[shops.UK]\ntoken = "SEKRET2"\n')
    told = complaint({}, tmp_path)
    assert told == "REDEEM_SHOPS__UK__TOKEN (redeem.toml): is set twice, in different spellings of its name"


class TestDotenv:
    def test_other_programs_settings_and_the_usual_ways_of_writing_are_fine(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_bytes(
            b"\xef\xbb\xbf# comment\r\nDATABASE_URL=x\r\nOTHER\r\n\r\nexport REDEEM_LOG_LEVEL='DEBUG'\r\n"
            b'REDEEM_KEY_PREFIX="brand-a" # why\r\nREDEEM_SHOPS__UK__TOKEN=a${HOME}b\r\n'
        )
        settings = load({}, tmp_path)
        token = settings.shops["uk"].token
        assert (settings.log_level, settings.key_prefix) == ("DEBUG", "brand-a")
        assert token is not None
        assert token.get_secret_value() == "a${HOME}b"

    def test_a_line_that_is_none_is_named(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("REDEEM_LOG_LEVEL=INFO\n\nSEKRET SEKRET\nREDEEM_KEY_PREFIX\n'x\n")
        told = complaints({}, tmp_path)
        assert told == tuple(f".env: line {line} must be NAME=value" for line in (3, 4, 5))

    def test_an_unknown_name_and_a_wrong_value_name_the_file(self, tmp_path: Path) -> None:
        (tmp_path / ".env").write_text("REDEEM_LOGLEVEL=INFO\nREDEEM_LOG_FORMAT=xml\n")
        assert complaints({}, tmp_path) == (
            "REDEEM_LOGLEVEL (.env): no such setting; did you mean REDEEM_LOG_LEVEL?",
            "REDEEM_LOG_FORMAT (.env): must be 'console' or 'json'",
        )


class TestToml:
    def test_a_syntax_error_names_file_and_line_and_nothing_else_is_missed(self, tmp_path: Path) -> None:
        (tmp_path / "redeem.toml").write_text('log_level = "INFO"\ntoken = SEKRET\n')
        with pytest.raises(SettingsError) as caught:
            load_from(tmp_path)
        assert str(caught.value).startswith("redeem.toml: is no valid TOML: ")
        assert "line 2" in str(caught.value)
        assert "SEKRET" not in str(caught.value)
        assert "BROKER_URL" not in str(caught.value)

    @pytest.mark.parametrize("text", ["[ledger]\nkeep = " + "9" * 5000, "keep = " + "[" * 100_000])
    def test_what_python_cannot_read_is_told_too(self, tmp_path: Path, text: str) -> None:
        (tmp_path / "redeem.toml").write_text(text)
        with pytest.raises(SettingsError, match=r"^redeem\.toml: is no valid TOML: "):
            load_from(tmp_path)

    @pytest.mark.parametrize(
        ("text", "expected"),
        [
            ("[retry]\nbaes = 1", "REDEEM_RETRY__BAES (redeem.toml): no such setting; did you mean"),
            ("retry = 1", "REDEEM_RETRY (redeem.toml): is a group of settings"),
            ("[shops]\nuk = 'x'", "REDEEM_SHOPS__UK (redeem.toml): is a group of settings"),
            ("shops = []", "REDEEM_SHOPS (redeem.toml): is a group of settings"),
            ("[log_level]\nx = 1", "REDEEM_LOG_LEVEL__X (redeem.toml): no such setting"),
            ("log_level = 10", "REDEEM_LOG_LEVEL (redeem.toml): must be 'DEBUG'"),
            ("[retry]\nbase = true", "REDEEM_RETRY__BASE (redeem.toml): must be a duration"),
            ("[retry]\nbase = nan", "REDEEM_RETRY__BASE (redeem.toml): must be from 0s to 1d, not nan"),
            ("[retry]\nbase = 2026-01-01", "REDEEM_RETRY__BASE (redeem.toml): must be a duration"),
            ("[shops.uk]\ntoken = 123456", "REDEEM_SHOPS__UK__TOKEN (redeem.toml): must be text (in TOML: in quotes)"),
            ("[shops.uk]\nrules = 1", "REDEEM_SHOPS__UK__RULES (redeem.toml): must be a list"),
            ("[shops.uk]\nmaster_codes = 1", "REDEEM_SHOPS__UK__MASTER_CODES (redeem.toml): must be codes"),
            ('[shops."u k"]\ntoken = "x"', "REDEEM_SHOPS__U K (redeem.toml): a shop's name is"),
        ],
    )
    def test_wrong_names_values_and_types_are_told_by_variable(self, tmp_path: Path, text: str, expected: str) -> None:
        (tmp_path / "redeem.toml").write_text(text)
        assert complaint({}, tmp_path).startswith(expected)


class TestSecretsDirectory:
    def test_a_file_is_a_setting_named_as_the_variable(self, tmp_path: Path) -> None:
        secrets = tmp_path / "s"
        write_secret(secrets, "REDEEM_SHOPS__UK__UNIQODO__API_KEY", "from-secret\n")
        write_secret(secrets, "redeem_shops__uk__token", "t0ken\n")
        write_secret(secrets, "database_password", "not ours")
        (secrets / "kubernetes.io").mkdir()
        (tmp_path / ".env").write_text("REDEEM_SECRETS_DIR=s\nREDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID=1\n")
        shop = load({}, tmp_path).shops["uk"]
        account = shop.account("uniqodo")
        assert isinstance(account, UniqodoLike)
        assert account.api_key.get_secret_value() == "from-secret"
        assert shop.token is not None

    def test_the_default_directory_is_taken_when_it_is_there(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_secret(tmp_path / "run", "REDEEM_BROKER_URL", "redis://from-secrets")
        monkeypatch.setattr(sources, "DEFAULT_SECRETS_DIR", tmp_path / "run")
        assert broker(load_from(tmp_path)) == "redis://from-secrets"

    def test_a_directory_that_is_set_must_be_there(self, tmp_path: Path) -> None:
        told = complaint({"REDEEM_SECRETS_DIR": "missing"}, tmp_path)
        assert told == f"{tmp_path / 'missing'}: the secrets directory cannot be read: No such file or directory"

    def test_an_unknown_file_name_and_an_unreadable_file_are_told(self, tmp_path: Path) -> None:
        secrets = tmp_path / "s"
        write_secret(secrets, "REDEEM_LOGLEVEL", "INFO")
        (secrets / "REDEEM_KEY_PREFIX").write_bytes(b"\xff\xfe\x00")
        (secrets / "REDEEM_SHOPS__UK__TOKEN").mkdir()
        assert complaints({"REDEEM_SECRETS_DIR": "s"}, tmp_path) == (
            f"{secrets}: REDEEM_KEY_PREFIX is not UTF-8 text",
            f"REDEEM_LOGLEVEL ({secrets}): no such setting; did you mean REDEEM_LOG_LEVEL?",
            f"{secrets}: REDEEM_SHOPS__UK__TOKEN cannot be read: Is a directory",
        )


@pytest.mark.parametrize("name", [".env", "redeem.toml"])
def test_a_directory_in_a_files_place_is_told(tmp_path: Path, name: str) -> None:
    (tmp_path / name).mkdir()
    assert complaint({}, tmp_path) == f"{name}: cannot be read: Is a directory"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_one_may_not_read_is_told(tmp_path: Path) -> None:
    (tmp_path / ".env").touch(mode=0)
    assert complaint({}, tmp_path) == ".env: cannot be read: Permission denied"
