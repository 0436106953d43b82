"""Partners as the settings see them, look-alikes of the real ones; config is tested without tasks."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import pytest
from pydantic import SecretStr

from config.accounts import AccountSettings, PartnerSpec
from config.complaints import SettingsError
from config.settings import Settings, load_settings

BROKER = {"REDEEM_BROKER_URL": "redis://localhost:6379/0"}
NOWHERE = Path("/nonexistent")


class SovendusLike(AccountSettings):
    traffic_source_number: str
    billing: Literal["fixed", "percentage"] = "fixed"


class UniqodoLike(AccountSettings):
    api_key: SecretStr
    merchant_id: int
    send_uid: bool = False


PARTNERS: Mapping[str, PartnerSpec] = {
    "sovendus": PartnerSpec(SovendusLike, "https://coupon-api.sovendus.com"),
    "uniqodo": PartnerSpec(UniqodoLike, "https://api.uniqodo.com"),
}


def load(environ: Mapping[str, str] | None = None, directory: Path = NOWHERE) -> Settings:
    """Settings from these variables, with a broker, and from the files in that directory."""
    return load_settings(PARTNERS, environ={**BROKER, **(environ or {})}, directory=directory)


def complaints(environ: Mapping[str, str], directory: Path = NOWHERE) -> tuple[str, ...]:
    """What is wrong with these, with a broker unless they set one."""
    with pytest.raises(SettingsError) as caught:
        load(environ, directory)
    return caught.value.complaints


def complaint(environ: Mapping[str, str], directory: Path = NOWHERE) -> str:
    """The only thing wrong with these."""
    (only,) = complaints(environ, directory)
    return only


def load_from(directory: Path, **environ: str) -> Settings:
    """Settings from the files in that directory and exactly these variables."""
    return load_settings(PARTNERS, environ=environ, directory=directory)


def broker(settings: Settings) -> str:
    """The broker's URL in plain text."""
    return settings.broker_url.get_secret_value()


def write_secret(directory: Path, name: str, text: str) -> None:
    """One file of a secrets directory."""
    directory.mkdir(exist_ok=True)
    (directory / name).write_text(text)
