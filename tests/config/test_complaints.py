from __future__ import annotations

import traceback

import pytest

from config.complaints import SettingsError
from config.settings import load_settings
from tests.config.registry import BROKER, NOWHERE, PARTNERS, complaint, complaints, load

A_KEY = {"REDEEM_SHOPS__UK__UNIQODO__API_KEY": "SEKRET-key", "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "1"}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("REDEEM_RETRY__BAES", "no such setting; did you mean REDEEM_RETRY__BASE?"),
        ("REDEEM_BROKER__URL", "no such setting; did you mean REDEEM_BROKER_URL?"),
        ("REDEEM_LOGLEVEL", "no such setting; did you mean REDEEM_LOG_LEVEL?"),
        ("REDEEM_SHOP__UK__TOKEN", "no such setting; did you mean REDEEM_SHOPS__UK__TOKEN?"),
        ("REDEEM_SHOPS__UK__UNIQOD__API_KEY", "no such setting; did you mean REDEEM_SHOPS__UK__UNIQODO__API_KEY?"),
        ("REDEEM_SHOPS__UK__UNIQODO__APIKEY", "no such setting; did you mean REDEEM_SHOPS__UK__UNIQODO__API_KEY?"),
        ("REDEEM_SHOPS__UK__TOKEN__X", "no such setting; did you mean REDEEM_SHOPS__UK__TOKEN?"),
        ("REDEEM_XYZZY", "no such setting"),
        ("REDEEM_", "no such setting"),
        ("REDEEM_RETRY", "is a group of settings: set REDEEM_RETRY__BASE, REDEEM_RETRY__CAP, "),
        ("REDEEM_SHOPS", "is a group of settings: set REDEEM_SHOPS__<SHOP>__DEFAULT_PARTNER, "),
        ("REDEEM_SHOPS__UK", "is a group of settings: set REDEEM_SHOPS__UK__DEFAULT_PARTNER, "),
        ("REDEEM_PORT_6379_TCP_ADDR", "no such setting; it looks like a Kubernetes service link: set enableService"),
        ("REDEEM_VALKEY_SERVICE_HOST", "no such setting; it looks like a Kubernetes service link: set enableService"),
    ],
)
@pytest.mark.parametrize("value", ["SEKRET", ""])
def test_an_unknown_name_stops_with_the_name_and_what_it_may_have_meant(name: str, expected: str, value: str) -> None:
    told = complaint({name: value})
    assert told.startswith(f"{name} (environment): {expected}")
    assert "SEKRET" not in told


def test_names_of_others_are_left_alone() -> None:
    load({"REDEEMER": "x", "XREDEEM_FOO": "x", "PATH": "/bin"})


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("REDEEM_BROKER_URL", "SEKRET://x", "must begin with redis://"),
        ("REDEEM_BROKER_URL", "redis://:SEKRET@h:port/0", "is no URL"),
        ("REDEEM_BROKER_URL", "redis+cluster://:SEKRET@h/0", "Redis Cluster cannot be used"),
        ("REDEEM_KEY_PREFIX", "SEKRET space", "must be letters, digits"),
        ("REDEEM_RETRY__BASE", "SEKRET", "must be a duration"),
        ("REDEEM_RETRY__BASE", "-1", "must be a duration"),
        ("REDEEM_LEDGER__KEEP", "0d", "must be from 1d to 3660d, not 0d: an order that comes again after that"),
        ("REDEEM_PARTNERS__UNIQODO__READ_TIMEOUT", "0", "must be from 10ms to 2m, not 0: each call"),
        ("REDEEM_PARTNERS__UNIQODO__CONNECT_TIMEOUT", "0s", "must be from 10ms to 2m, not 0s: it is a part"),
        ("REDEEM_BREAKER__PROBE_AFTER", "0", "must be from 10ms to 1d, not 0: an account rests"),
        ("REDEEM_BREAKER__FAILURES", "0", "must be greater than or equal to 1"),
        ("REDEEM_BREAKER__FAILURES", "10001", "must be less than or equal to 10000"),
        ("REDEEM_BREAKER__FAILURES", "٣", "must be a whole number"),
        ("REDEEM_ALERT__DEAD_LETTERS", "9" * 30, "must be less than or equal to 1000000"),
        ("REDEEM_FLOWER__PORT", "9" * 5000, "must be a whole number of a few digits"),
        ("REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID", "1e400", "must be a whole number"),
        ("REDEEM_WEB__ORDERS_PER_SECOND", "SEKRET", "must be a number"),
        ("REDEEM_WEB__ORDERS_PER_SECOND", "nan", "must be less than or equal to 1000000"),
        ("REDEEM_WEB__ORDERS_PER_SECOND", "1e400", "must be less than or equal to 1000000"),
        ("REDEEM_BREAKER__FAILURES", "SEKRET", "must be a whole number"),
        ("REDEEM_BREAKER__FAILURES", "1.5", "must be a whole number"),
        ("REDEEM_FLOWER__PORT", "65536", "must be less than or equal to 65535"),
        ("REDEEM_FLOWER__BASIC_AUTH", "SEKRET", "must be user:password"),
        ("REDEEM_FLOWER__BASIC_AUTH", "SEKRET:", "must be user:password"),
        ("REDEEM_SENTRY_DSN", "https://sentry.example/SEKRET", "must be a DSN"),
        ("REDEEM_SENTRY_DSN", "SEKRET", "must be a DSN"),
        ("REDEEM_LOG_LEVEL", "SEKRET", "must be 'DEBUG', 'INFO', 'WARNING', 'ERROR' or 'CRITICAL'"),
        ("REDEEM_LOG_FORMAT", "SEKRET", "must be 'console' or 'json'"),
        ("REDEEM_PARTNERS__UNIQODO__BASE_URL", "SEKRET", "must be an absolute URL"),
        ("REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID", "SEKRET", "must be a whole number"),
        ("REDEEM_SHOPS__UK__UNIQODO__SEND_UID", "SEKRET", "must be true or false"),
        ("REDEEM_SHOPS__UK__RULES", "SEKRET", "is no valid JSON at character 1"),
        ("REDEEM_SHOPS__UK__RULES", '{"SEKRET": 1}', "must be a list"),
        ("REDEEM_SHOPS__UK__MASTER_CODES", '["SEKRET"', "is no valid JSON at character"),
        ("REDEEM_SHOPS__UK__MASTER_CODES", "[1]", "must be codes between commas"),
    ],
)
def test_a_wrong_value_is_told_by_variable_and_not_repeated(name: str, value: str, expected: str) -> None:
    told = complaint({**A_KEY, name: value})
    assert told.startswith(f"{name} (environment): {expected}")
    assert "SEKRET" not in told


@pytest.mark.parametrize("rules", ["[" * 100_000, "[" * 100_000 + "]" * 100_000])
def test_json_without_bottom_is_a_complaint_too(rules: str) -> None:
    assert complaint({"REDEEM_SHOPS__UK__RULES": rules}).startswith("REDEEM_SHOPS__UK__RULES (environment): is no")


def test_what_an_account_lacks_is_named_by_its_variable() -> None:
    assert complaint({"REDEEM_SHOPS__UK__UNIQODO__API_KEY": "k"}) == (
        "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID: is not set"
    )


@pytest.mark.parametrize(
    ("rule", "variable", "expected"),
    [
        ('{"pattern": "A*", "partner": "acme"}', "RULES[0].partner", "must be one of none, sovendus, uniqodo"),
        ('{"pattern": "", "partner": "none"}', "RULES[0].pattern", "must have at least 1 character"),
        ('{"patern": "A*", "partner": "none"}', "RULES[0].patern", "no such field"),
        ('{"partner": "none"}', "RULES[0].pattern", "is not set"),
        ("1", "RULES[0]", "must be a "),
    ],
)
def test_a_wrong_rule_is_told_by_number_and_field(rule: str, variable: str, expected: str) -> None:
    told = complaints({**A_KEY, "REDEEM_SHOPS__UK__RULES": f"[{rule}]"})
    assert [line for line in told if line.startswith(f"REDEEM_SHOPS__UK__{variable} (environment): {expected}")]


@pytest.mark.parametrize(
    ("partner", "expected"),
    [
        ("sovendus", "the shop has no sovendus account: set REDEEM_SHOPS__UK__SOVENDUS__…"),
        ("acme", "must be one of none, sovendus, uniqodo"),
    ],
)
def test_a_default_partner_the_shop_does_not_have_is_refused(partner: str, expected: str) -> None:
    told = complaint({**A_KEY, "REDEEM_SHOPS__UK__DEFAULT_PARTNER": partner})
    assert told == f"REDEEM_SHOPS__UK__DEFAULT_PARTNER (environment): {expected}"


def test_a_rule_may_name_a_partner_the_shop_has_no_account_with() -> None:
    shop = load({**A_KEY, "REDEEM_SHOPS__UK__RULES": '[{"pattern": "A*", "partner": "sovendus"}]'}).shops["uk"]
    assert shop.account("sovendus") is None
    assert [rule.partner for rule in shop.rules] == ["sovendus"]


def test_nobody_may_be_the_default_partner() -> None:
    assert load({"REDEEM_SHOPS__UK__DEFAULT_PARTNER": "none"}).shops["uk"].default_partner == "none"


@pytest.mark.parametrize("shop", ["U K", "ÜK", "-UK", "UK-", "A.B", "A--B", "*", ""])
def test_a_shops_name_fits_into_a_variables_name(shop: str) -> None:
    told = complaint({f"REDEEM_SHOPS__{shop}__TOKEN": "t"})
    assert "a shop's name is letters a-z and digits" in told


@pytest.mark.parametrize("shop", ["UK", "uk", "U2", "2", "NORTH-WEST", "NORTH_WEST"])
def test_a_shops_name_is_lower_case(shop: str) -> None:
    assert list(load({f"REDEEM_SHOPS__{shop}__TOKEN": "t"}).shops) == [shop.lower()]


def test_everything_is_told_at_once_a_line_each() -> None:
    environ = {
        "REDEEM_RETRY__BAES": "1",
        "REDEEM_RETRY__CAP": "never",
        "REDEEM_LOG_LEVEL": "loud",
        "REDEEM_SHOPS__UK__UNIQODO__API_KEY": "SEKRET-key",
        "REDEEM_SHOPS__DE__DEFAULT_PARTNER": "sovendus",
    }
    with pytest.raises(SettingsError) as caught:
        load_settings(PARTNERS, environ=environ, directory=NOWHERE)
    first, *lines = str(caught.value).splitlines()
    assert first == "6 settings are wrong:"
    assert {line.split()[0].rstrip(":") for line in lines} == {
        "REDEEM_BROKER_URL",
        "REDEEM_RETRY__BAES",
        "REDEEM_RETRY__CAP",
        "REDEEM_LOG_LEVEL",
        "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID",
        "REDEEM_SHOPS__DE__DEFAULT_PARTNER",
    }
    assert all(line.startswith("  REDEEM_") for line in lines)


def test_not_even_a_stack_trace_of_the_error_holds_a_value() -> None:
    environ = {**BROKER, "REDEEM_LOG_LEVEL": "loud-value", **A_KEY}
    with pytest.raises(SettingsError) as caught:
        load_settings(PARTNERS, environ=environ, directory=NOWHERE)
    trace = "".join(traceback.format_exception(caught.value))
    assert "SEKRET" not in trace
    assert "loud-value" not in trace


def test_an_error_may_be_one_plain_sentence() -> None:
    assert str(SettingsError("the port is taken")) == "the port is taken"
