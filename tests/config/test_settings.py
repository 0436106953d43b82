from __future__ import annotations

import pytest
from pydantic import SecretStr, ValidationError

from config.accounts import AccountSettings, PartnerSpec
from config.complaints import SettingsError
from config.settings import load_settings
from tests.config.registry import BROKER, NOWHERE, PARTNERS, SovendusLike, UniqodoLike, complaint, complaints, load

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
    assert dict(settings.shops) == {}
    for partner, spec in PARTNERS.items():
        endpoint = settings.endpoint(partner)
        assert (endpoint.base_url, endpoint.connect_timeout, endpoint.read_timeout) == (spec.base_url, 3, 15)


def test_every_setting_can_come_from_the_environment() -> None:
    settings = load(
        UK
        | {
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
        }
    )
    shop = settings.shops["uk"]
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
    endpoint = settings.endpoint("uniqodo")
    assert (endpoint.base_url, endpoint.connect_timeout, endpoint.read_timeout) == ("http://127.0.0.1:9/u", 0.5, 3)
    assert settings.retry.model_dump() == {"base": 0, "cap": 60, "give_up_after": 0}
    assert settings.breaker.model_dump() == {"failures": 3, "probe_after": 0.1, "probe_cap": 1}
    assert (settings.ledger.keep, settings.flower.port, settings.key_prefix) == (90 * 86400, 5556, "brand-a")
    assert (settings.log_level, settings.log_format) == ("DEBUG", "json")
    assert settings.broker_url.get_secret_value() == "rediss://:pw@cache.example/1"


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


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"REDEEM_RETRY__CAP": "1s"}, (1.0, 1.0)),
        ({"REDEEM_RETRY__CAP": "1s", "REDEEM_RETRY__BASE": "1s"}, (1.0, 1.0)),
        ({"REDEEM_RETRY__GIVE_UP_AFTER": "1s"}, (2.0, 900.0)),
    ],
)
def test_a_lower_cap_takes_the_default_base_with_it(environ: dict[str, str], expected: tuple[float, float]) -> None:
    retry = load(environ).retry
    assert (retry.base, retry.cap) == expected


def test_a_lower_bound_takes_the_other_defaults_with_it() -> None:
    settings = load({"REDEEM_PARTNERS__UNIQODO__READ_TIMEOUT": "0.5", "REDEEM_BREAKER__PROBE_CAP": "0.1"})
    assert settings.endpoint("uniqodo").connect_timeout == 0.5
    assert settings.endpoint("sovendus").connect_timeout == 3
    assert settings.breaker.probe_after == 0.1


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (
            {"REDEEM_RETRY__BASE": "20m"},
            "REDEEM_RETRY__BASE (environment): 20m is longer than REDEEM_RETRY__CAP, which is 15m",
        ),
        (
            {"REDEEM_BREAKER__PROBE_AFTER": "3s", "REDEEM_BREAKER__PROBE_CAP": "2s"},
            "REDEEM_BREAKER__PROBE_AFTER (environment): 3s is longer than REDEEM_BREAKER__PROBE_CAP, which is 2s",
        ),
        (
            {"REDEEM_PARTNERS__SOVENDUS__CONNECT_TIMEOUT": "20s"},
            (
                "REDEEM_PARTNERS__SOVENDUS__CONNECT_TIMEOUT (environment): 20s is longer than the whole call, "
                "REDEEM_PARTNERS__SOVENDUS__READ_TIMEOUT, 15s"
            ),
        ),
    ],
)
def test_two_settings_that_contradict_each_other_are_told_apart(environ: dict[str, str], expected: str) -> None:
    assert complaint(environ) == expected


def test_a_token_belongs_to_one_shop() -> None:
    environ = {f"REDEEM_SHOPS__{shop}__TOKEN": "same-for-two" for shop in ("DE", "UK")} | {
        "REDEEM_SHOPS__FR__TOKEN": "another"
    }
    told = complaints(environ)
    assert [line.split(":")[0] for line in told] == [
        "REDEEM_SHOPS__DE__TOKEN (environment)",
        "REDEEM_SHOPS__UK__TOKEN (environment)",
    ]
    assert "same-for-two" not in str(told)


SECRETS = {
    "REDEEM_BROKER_URL": "redis://default:br0ker%2Fpw@localhost/0",
    "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "api-k3y",
    "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "42",
    "REDEEM_SHOPS__UK__TOKEN": "t0ken-uk",
    "REDEEM_SHOPS__UK__WEBHOOK_SECRET": "h00k-uk",
    "REDEEM_FLOWER__BASIC_AUTH": "ann:fl0wer-pw",
    "REDEEM_SENTRY_DSN": "https://dsnk3y@sentry.example/7",
}


def test_every_secret_is_known_for_redaction_with_the_passwords_inside_urls() -> None:
    assert load(SECRETS).secrets() == {
        "redis://default:br0ker%2Fpw@localhost/0",
        "br0ker%2Fpw",
        "br0ker/pw",
        "api-k3y",
        "t0ken-uk",
        "h00k-uk",
        "ann:fl0wer-pw",
        "fl0wer-pw",
        "https://dsnk3y@sentry.example/7",
        "dsnk3y",
    }


def test_a_broker_without_password_is_no_secret() -> None:
    assert load().secrets() == frozenset()


def test_no_secret_shows_in_the_text_of_the_settings() -> None:
    settings = load(SECRETS)
    for text in (repr(settings), str(settings), f"{settings.shops}", settings.model_dump_json()):
        assert not [secret for secret in settings.secrets() if secret in text]
