"""What commands that need nothing but the broker do without, and what stops them all the same."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from config.complaints import SettingsError
from config.settings import Settings, load_settings
from tests.config.registry import BROKER, PARTNERS

KEYLESS = {"REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "17"}
WHOLE = {"REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711"}


def load(directory: Path, variables: Mapping[str, str], *, least: bool = True) -> Settings:
    return load_settings(PARTNERS, environ={**BROKER, **variables}, directory=directory, least=least)


def complaint(directory: Path, variables: Mapping[str, str], *, least: bool = True) -> str:
    with pytest.raises(SettingsError) as told:
        load(directory, variables, least=least)
    return str(told.value)


def test_an_account_without_its_secret_is_left_out_and_the_others_stay(tmp_path: Path) -> None:
    assert complaint(tmp_path, KEYLESS, least=False) == ("REDEEM_SHOPS__UK__UNIQODO__API_KEY: is not set")
    shop = load(tmp_path, KEYLESS | WHOLE).shops["uk"]
    assert shop.account("uniqodo") is None
    assert shop.account("sovendus") is not None


def test_a_shop_of_which_nothing_is_left_is_there_without_accounts(tmp_path: Path) -> None:
    shop = load(tmp_path, KEYLESS | {"REDEEM_SHOPS__UK__DEFAULT_PARTNER": "Uniqodo"}).shops["uk"]
    assert (shop.account("uniqodo"), shop.account("sovendus"), shop.default_partner) == (None, None, None)


def test_the_same_account_in_two_sources(tmp_path: Path) -> None:
    (tmp_path / "redeem.toml").write_text('[shops.uk.uniqodo]\nmerchant_id = "18"\n')
    assert load(tmp_path, KEYLESS).shops["uk"].account("uniqodo") is None
    assert load(tmp_path, {"REDEEM_SHOPS__UK__UNIQODO__API_KEY": "k"}).shops["uk"].account("uniqodo") is not None


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"REDEEM_SHOPS__UK__UNIQODO__API_KEYY": "k"}, "REDEEM_SHOPS__UK__UNIQODO__API_KEYY"),
        ({"REDEEM_SHOPS__UK__UNIQODO__SEND_UID": "perhaps"} | KEYLESS, "REDEEM_SHOPS__UK__UNIQODO__SEND_UID"),
        ({"REDEEM_RETRY__BASE": "soon"} | KEYLESS, "REDEEM_RETRY__BASE"),
        ({"REDEEM_BROKER_URL": ""}, "REDEEM_BROKER_URL"),
        ({"REDEEM_LEDGER__KEEP": "1d"}, "REDEEM_LEDGER__KEEP"),  # together with another setting: shorter than that
        ({"REDEEM_LIVENESS_FILE": "/f", "REDEEM_READINESS_FILE": "/f"} | KEYLESS, "REDEEM_READINESS_FILE"),
    ],
)
def test_what_is_wrong_stops_them_all_the_same(tmp_path: Path, variables: dict[str, str], named: str) -> None:
    assert named in complaint(tmp_path, variables)


def test_a_secrets_directory_that_cannot_be_read_is_done_without(tmp_path: Path) -> None:
    assert "secrets directory cannot be read" in complaint(tmp_path, {"REDEEM_SECRETS_DIR": "missing"}, least=False)
    assert load(tmp_path, {"REDEEM_SECRETS_DIR": "missing"} | KEYLESS).shops["uk"].account("uniqodo") is None


def test_unless_the_broker_may_be_named_there(tmp_path: Path) -> None:
    told = complaint(tmp_path, {"REDEEM_SECRETS_DIR": "missing", "REDEEM_BROKER_URL": ""})
    assert "secrets directory cannot be read" in told


def test_a_shops_secret_that_cannot_be_read_is_done_without_and_no_other(tmp_path: Path) -> None:
    secrets = tmp_path / "s"
    (secrets / "REDEEM_SHOPS__UK__UNIQODO__API_KEY").mkdir(parents=True)  # root may read every file
    assert load(tmp_path, {"REDEEM_SECRETS_DIR": "s"} | KEYLESS).shops["uk"].account("uniqodo") is None
    (secrets / "REDEEM_KEY_PREFIX").mkdir()
    assert "REDEEM_KEY_PREFIX cannot be read" in complaint(tmp_path, {"REDEEM_SECRETS_DIR": "s"})
