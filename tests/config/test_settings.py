from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import SecretStr, ValidationError

from config.accounts import AccountSettings, PartnerSpec
from config.complaints import SettingsError
from config.settings import load_settings
from tests.config.registry import BROKER, NOWHERE, PARTNERS, SovendusLike, UniqodoLike, complaint, load

UK = {
    "REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
    "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "kE/y+4711",
    "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "42",
}


def test_the_defaults_are_those_of_the_contract() -> None:
    settings = load()
    assert settings.retry.model_dump() == {"base": 2, "cap": 15 * 60, "give_up_after": 48 * 3600}
    assert settings.breaker.model_dump() == {"failures": 10, "probe_after": 2, "probe_cap": 60}
    assert settings.ledger.keep == 400 * 86400
    assert (settings.flower.port, settings.flower.basic_auth) == (5555, None)
    assert (settings.log_level, settings.log_format, settings.sentry_dsn) == ("INFO", "console", None)
    assert settings.key_prefix == "redeem"
    assert (settings.liveness_file, settings.readiness_file, settings.hung_after) == (None, None, 60)
    assert dict(settings.shops) == {}
    for partner, spec in PARTNERS.items():
        endpoint = settings.endpoint(partner)
        assert (endpoint.base_url, endpoint.connect_timeout, endpoint.read_timeout) == (spec.base_url, 3, 15)


EVERYTHING = UK | {
    "REDEEM_BROKER_URL": "rediss://:pw@cache.example/1",
    "REDEEM_KEY_PREFIX": "brand-a",
    "REDEEM_SHOPS__UK__SOVENDUS__BILLING": "percentage",
    "REDEEM_SHOPS__UK__MASTER_CODES": " summer, Welcome10 ,",
    "REDEEM_SHOPS__UK__RULES": '[{"pattern": "SKD*", "partner": "Sovendus"}]',
    "REDEEM_SHOPS__UK__DEFAULT_PARTNER": "Uniqodo",
    "REDEEM_SHOPS__UK__TOKEN": "t0ken",
    "REDEEM_SHOPS__UK__WEBHOOK_SECRET": "whsec_x",
    "REDEEM_PARTNERS__UNIQODO__BASE_URL": "http://127.0.0.1:9/u/",
    "REDEEM_PARTNERS__UNIQODO__CONNECT_TIMEOUT": "500ms",
    "REDEEM_PARTNERS__UNIQODO__READ_TIMEOUT": "3",
    "REDEEM_RETRY__BASE": "0",
    "REDEEM_RETRY__CAP": "1m",
    "REDEEM_RETRY__GIVE_UP_AFTER": "0",
    "REDEEM_BREAKER__FAILURES": "3",
    "REDEEM_BREAKER__PROBE_AFTER": "100ms",
    "REDEEM_BREAKER__PROBE_CAP": "1s",
    "REDEEM_LEDGER__KEEP": "90d",
    "REDEEM_FLOWER__PORT": "5556",
    "REDEEM_FLOWER__BASIC_AUTH": "ann:secret:with:colons",
    "REDEEM_SENTRY_DSN": "https://k@sentry.example/7",
    "REDEEM_LOG_LEVEL": "debug",
    "REDEEM_LOG_FORMAT": "JSON",
    "REDEEM_LIVENESS_FILE": "/run/alive",
    "REDEEM_READINESS_FILE": "run/ready",
    "REDEEM_HUNG_AFTER": "2m",
}


def test_every_setting_of_a_shop_can_come_from_the_environment() -> None:
    shop = load(EVERYTHING).shops["uk"]
    sovendus, uniqodo = shop.account("sovendus"), shop.account("uniqodo")
    assert isinstance(sovendus, SovendusLike)
    assert isinstance(uniqodo, UniqodoLike)
    assert (sovendus.traffic_source_number, sovendus.billing) == ("4711", "percentage")
    assert (uniqodo.api_key.get_secret_value(), uniqodo.merchant_id) == ("kE/y+4711", 42)
    assert shop.master_codes == {"SUMMER", "WELCOME10"}
    assert [(rule.pattern, rule.partner) for rule in shop.rules] == [("SKD*", "sovendus")]
    assert shop.default_partner == "uniqodo"
    assert shop.token == SecretStr("t0ken")
    assert shop.webhook_secret == SecretStr("whsec_x")


def test_several_tokens_and_webhook_secrets_are_valid_at_once() -> None:
    listed = {"REDEEM_SHOPS__UK__TOKEN": "new-token, old-token", "REDEEM_SHOPS__UK__WEBHOOK_SECRET": "whsec_a,b"}
    settings = load(listed)
    shop = settings.shops["uk"]
    assert (shop.tokens, shop.webhook_secrets) == (("new-token", "old-token"), ("whsec_a", "b"))
    assert {"new-token", "old-token", "whsec_a"} <= settings.secrets()
    assert load({"REDEEM_SHOPS__UK__MASTER_CODES": "A"}).shops["uk"].tokens == ()


@pytest.mark.parametrize("setting", ["TOKEN", "WEBHOOK_SECRET"])
@pytest.mark.parametrize("listed", ["new,", ",old", "new,,old", ","])
def test_a_list_of_secrets_has_no_gap(setting: str, listed: str) -> None:
    told = complaint({f"REDEEM_SHOPS__UK__{setting}": listed})
    assert told.startswith(f"REDEEM_SHOPS__UK__{setting} (environment): has nothing before or after a comma")


def test_ways_in_have_settings() -> None:
    dsn = "mysql+pymysql://erp:pa55w0rd@db/erp"
    ways_in = {"WEB__ORDERS_PER_SECOND": "2.5", "WEB__METRICS_TOKEN": "m3trics", "RELAY__DSN": dsn}
    settings = load({f"REDEEM_{name}": value for name, value in ways_in.items()})
    assert settings.web.orders_per_second == 2.5
    assert settings.relay.dsn == SecretStr(dsn)
    assert {"m3trics", "pa55w0rd"} <= settings.secrets()
    told = complaint({"REDEEM_RELAY__DSN": "pa55w0rd@db"})
    assert "must be SQLAlchemy's URL" in told
    assert "pa55w0rd" not in told


def test_every_other_setting_can_come_from_the_environment() -> None:
    settings = load(EVERYTHING)
    endpoint = settings.endpoint("uniqodo")
    assert (endpoint.base_url, endpoint.connect_timeout, endpoint.read_timeout) == ("http://127.0.0.1:9/u", 0.5, 3)
    assert settings.retry.model_dump() == {"base": 0, "cap": 60, "give_up_after": 0}
    assert settings.breaker.model_dump() == {"failures": 3, "probe_after": 0.1, "probe_cap": 1}
    assert (settings.ledger.keep, settings.flower.port, settings.key_prefix) == (90 * 86400, 5556, "brand-a")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.broker_url.get_secret_value() == "rediss://:pw@cache.example/1"
    signs = (settings.liveness_file, settings.readiness_file, settings.hung_after)
    assert signs == (Path("/run/alive"), Path("run/ready"), 120)


def test_a_shop_has_no_account_where_none_is_set() -> None:
    shop = load({"REDEEM_SHOPS__DE__UNIQODO__API_KEY": "k", "REDEEM_SHOPS__DE__UNIQODO__MERCHANT_ID": "1"}).shops["de"]
    assert shop.account("sovendus") is None
    assert shop.account("token") is None
    assert shop.account("nobody") is None


def test_an_unknown_partner_has_no_endpoint() -> None:
    with pytest.raises(KeyError, match="acme"):
        load().endpoint("acme")


def test_a_third_partner_is_one_more_entry_of_the_registry() -> None:
    class AcmeAccount(AccountSettings):
        number: int

    partners = {**PARTNERS, "acme": PartnerSpec(AcmeAccount, "https://acme.example")}
    environ = {**BROKER, "REDEEM_SHOPS__UK__ACME__NUMBER": "7", "REDEEM_SHOPS__UK__DEFAULT_PARTNER": "acme"}
    settings = load_settings(partners, environ=environ, directory=NOWHERE)
    assert settings.shops["uk"].account("acme") == AcmeAccount(number=7)
    assert settings.endpoint("acme").base_url == "https://acme.example"


@pytest.mark.parametrize("name", ["rules", "token", "none"])
def test_a_partner_cannot_take_a_word_the_shop_uses(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        load_settings({name: PARTNERS["sovendus"]}, environ=BROKER, directory=NOWHERE)


def test_settings_are_frozen() -> None:
    settings = load(UK)
    with pytest.raises(ValidationError):
        settings.log_level = "DEBUG"  # type: ignore[misc]  # what is tested
    with pytest.raises(ValidationError):
        settings.retry.base = 1.0  # type: ignore[misc]  # what is tested
    with pytest.raises(TypeError):
        settings.shops["de"] = settings.shops["uk"]  # type: ignore[index]  # what is tested


def test_the_process_environment_and_directory_are_the_default(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    monkeypatch.chdir(tmp_path_factory.mktemp("elsewhere"))
    monkeypatch.setenv("REDEEM_BROKER_URL", "redis://from-outside")
    assert load_settings(PARTNERS).broker_url.get_secret_value() == "redis://from-outside"


def test_the_broker_is_required_and_the_complaint_says_how_to_set_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load_settings(PARTNERS, environ={}, directory=NOWHERE)
    assert str(caught.value).startswith("REDEEM_BROKER_URL: is not set")
    assert "`redeem up` starts a broker by itself" in str(caught.value)
