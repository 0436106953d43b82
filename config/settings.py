"""Redeem's settings: read once, by a function, from every source; checked against each other; frozen from then on."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from typing_extensions import override

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    create_model,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from config.accounts import PartnerSpec
from config.broker import broker_url
from config.complaints import SettingsError
from config.durations import PositiveDuration
from config.endpoints import Endpoint, Endpoints, endpoints_model
from config.names import names_of
from config.patience import Breaker, Retry
from config.shops import Shop, ShopName, shop_model
from config.sources import Layer, read_layers
from config.verdicts import complaints_from


def _secret_broker_url(value: SecretStr) -> SecretStr:
    return SecretStr(broker_url(value.get_secret_value()))


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _upper(value: object) -> object:
    return value.upper() if isinstance(value, str) else value


def _no_shops() -> Mapping[str, Shop]:
    return MappingProxyType({})


class Ledger(BaseModel):
    """How long settled redemptions are remembered (seconds), and with them what was reported already."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    keep: PositiveDuration = 400 * 86400.0


class Flower(BaseModel):
    """Flower's port, and `user:password` for its pages."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    port: Annotated[int, Field(ge=1, le=65535)] = 5555
    basic_auth: SecretStr | None = None


class LayerSource(PydanticBaseSettingsSource):
    """Hands one layer to pydantic-settings, which merges the layers deeply."""

    def __init__(self, settings_cls: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_cls)
        self.layer = layer

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self.layer.tree().get(field_name), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        return self.layer.tree()


class Settings(BaseSettings):
    """Everything that can be set. Build it with `load_settings`."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker_url: Annotated[SecretStr, AfterValidator(_secret_broker_url)]
    key_prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")] = "redeem"
    shops: Annotated[Mapping[ShopName, Shop], AfterValidator(MappingProxyType)] = Field(
        default_factory=_no_shops
    )
    partners: Endpoints = Endpoints()
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    ledger: Ledger = Ledger()
    flower: Flower = Flower()
    sentry_dsn: SecretStr | None = None
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(_upper)
    ] = "INFO"
    log_format: Annotated[Literal["console", "json"], BeforeValidator(_lower)] = "console"
    secrets_dir: Path | None = None

    def endpoint(self, partner: str) -> Endpoint:
        """Where that partner listens, with its time limits; KeyError for one that is not in the registry."""
        found = getattr(self.partners, partner, None)
        if not isinstance(found, Endpoint):
            raise KeyError(partner)
        return found

    def secrets(self) -> frozenset[str]:
        """Every secret in plain text, for redaction only."""
        return frozenset(_secrets_in(self))

    @classmethod
    @override
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return tuple(LayerSource(settings_cls, layer) for layer in init_settings.init_kwargs["layers"])


def _secrets_in(value: object) -> Iterator[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _secrets_in(getattr(value, name))
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _secrets_in(member)


def settings_model(partners: Mapping[str, PartnerSpec]) -> type[Settings]:
    """`Settings` with the registry's partners in its shops and endpoints."""
    shop, endpoints = shop_model(partners), endpoints_model(partners)
    shops = Annotated[Mapping[ShopName, shop], AfterValidator(MappingProxyType)]
    return create_model(
        "Settings",
        __base__=Settings,
        shops=(shops, Field(default_factory=_no_shops)),
        partners=(endpoints, Field(default_factory=endpoints)),
    )


def load_settings(
    partners: Mapping[str, PartnerSpec],
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
) -> Settings:
    """The settings, with one account field per partner of the registry.

    `environ` is the process's environment unless given; `directory`, where `.env`, `redeem.toml` and `.redeem/up.env`
    are looked for, is the current one. Raises SettingsError with everything that is wrong, at once.
    """
    model = settings_model(partners)
    layers = read_layers(names_of(model), os.environ if environ is None else environ, directory or Path.cwd())
    complaints = [complaint for layer in layers for complaint in layer.complaints]
    try:
        settings = model(**{"layers": layers})
    except ValidationError as error:
        complaints += complaints_from(error, layers)
        raise SettingsError(*complaints) from None  # the original holds the values
    if complaints:
        raise SettingsError(*complaints)
    return settings
