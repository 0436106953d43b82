"""Redeem's settings: read once, by a function, from every source; checked against each other; then frozen."""

from __future__ import annotations

import os
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self, cast

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    PlainSerializer,
    SecretStr,
    ValidationError,
    create_model,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from typing_extensions import override

from config.accounts import PartnerSpec
from config.broker import check_broker_url
from config.complaints import SettingsError, contradiction
from config.durations import Within, format_duration
from config.endpoints import Endpoint, Endpoints, endpoints_model
from config.groups import Alert, Flower, Ledger, Metrics, Relay, Web
from config.least import complaints_of, leave_out_incomplete_accounts
from config.names import Names, names_of, variable
from config.patience import Breaker, Retry
from config.redaction import Redactor
from config.secrecy import checked, secret_parts, secrets_in
from config.shops import Shop, ShopName, shop_model
from config.sources import Layer, read_layers
from config.values import check_key_prefix, check_sentry_dsn, lower, upper
from config.verdicts import complaints_from

_READ_ONLY = (AfterValidator(MappingProxyType), PlainSerializer(dict))


def _no_shops() -> Mapping[str, Shop]:
    return MappingProxyType({})


class Settings(BaseSettings):
    """Everything that can be set. Built by `load_settings`; `.env.example` explains each setting to its users."""

    model_config = SettingsConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    broker_url: Annotated[SecretStr, checked(check_broker_url)]
    key_prefix: Annotated[str, AfterValidator(check_key_prefix)] = "redeem"
    shops: Annotated[Mapping[ShopName, Shop], *_READ_ONLY] = Field(default_factory=_no_shops)
    partners: Endpoints = Endpoints()
    retry: Retry = Retry()
    breaker: Breaker = Breaker()
    ledger: Ledger = Ledger()
    flower: Flower = Flower()
    metrics: Metrics = Metrics()
    alert: Alert = Alert()
    web: Web = Web()
    relay: Relay = Relay()
    sentry_dsn: Annotated[SecretStr, checked(check_sentry_dsn)] | None = None
    log_level: Annotated[Literal["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"], BeforeValidator(upper)] = "INFO"
    log_format: Annotated[Literal["console", "json"], BeforeValidator(lower)] = "console"
    liveness_file: Path | None = None
    readiness_file: Path | None = None
    hung_after: Annotated[
        float, Within("2s", "1h", "a worker looks at itself once a second, and one that hangs sends nothing")
    ] = 60.0
    secrets_dir: Path | None = None

    @override
    def __eq__(self, other: object) -> bool:
        return self is other

    @override
    def __hash__(self) -> int:
        """By identity: one process has one, and what is worked out from it is remembered by it."""
        return id(self)

    def endpoint(self, partner: str) -> Endpoint:
        """Where that partner listens, with its time limits; KeyError for one that is not in the registry."""
        found = getattr(self.partners, partner) if partner in type(self.partners).model_fields else None
        if not isinstance(found, Endpoint):
            raise KeyError(partner)
        return found

    def secrets(self) -> frozenset[str]:
        """Every secret in plain text, passwords within URLs on their own too: for redaction only."""
        listed = (one for shop in self.shops.values() for one in (*shop.tokens, *shop.webhook_secrets))
        return frozenset(part for secret in chain(secrets_in(self), listed) for part in secret_parts(secret))

    @model_validator(mode="after")
    def _each_token_is_one_shops(self) -> Self:
        shops_of: dict[str, list[str]] = {}
        for name, shop in self.shops.items():
            for token in set(shop.tokens):
                shops_of.setdefault(token, []).append(name)
        shared = [name for names in shops_of.values() if len(names) > 1 for name in names]
        if shared:
            text = "is another shop's too: a token says which shop an event comes from"
            raise contradiction({f"shops.{name}.token": text for name in shared})
        return self

    @model_validator(mode="after")
    def _what_waits_is_remembered(self) -> Self:
        keep, limit = self.ledger.keep, self.retry.give_up_after
        if keep < limit:
            text = f"{format_duration(keep)} is shorter than {variable(('retry', 'give_up_after'))}, which is "
            raise contradiction(
                {"ledger.keep": f"{text}{format_duration(limit)}: an order is remembered as long as it waits"}
            )
        return self

    @model_validator(mode="after")
    def _signs_are_two_files(self) -> Self:
        if self.liveness_file is not None and self.liveness_file == self.readiness_file:
            raise contradiction({"readiness_file": "is the liveness file too: each needs one of its own"})
        return self

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
        layers = cast("InitSettingsSource", init_settings).init_kwargs["layers"]
        return tuple(_LayerSource(settings_cls, layer) for layer in layers)


class _LayerSource(PydanticBaseSettingsSource):
    """Hands one layer to pydantic-settings, which merges them deeply.

    Its own sources read the process's environment only, pass over unknown names, and stop at the first fault.
    """

    def __init__(self, settings_cls: type[BaseSettings], layer: Layer) -> None:
        super().__init__(settings_cls)
        self._tree = layer.tree()

    @override
    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self._tree.get(field_name), field_name, False

    @override
    def __call__(self) -> dict[str, Any]:
        return self._tree


def settings_model(partners: Mapping[str, PartnerSpec]) -> type[Settings]:
    """`Settings` with the registry's partners in its shops and endpoints."""
    shops: Any = Mapping[ShopName, shop_model(partners)]  # type: ignore[misc]  # a model built at run time
    endpoints = endpoints_model(partners)
    return create_model(
        "Settings",
        __base__=Settings,
        shops=(Annotated[shops, *_READ_ONLY], Field(default_factory=_no_shops)),
        partners=(endpoints, Field(default_factory=endpoints)),
    )


def load_settings(
    partners: Mapping[str, PartnerSpec],
    *,
    environ: Mapping[str, str] | None = None,
    directory: Path | None = None,
    least: bool = False,
) -> Settings:
    """The settings, with one account field per partner of the registry.

    `environ` is the process's environment unless given; `directory`, where `.env`, `redeem.toml` and `.redeem/up.env`
    are looked for, is the current one. `least` is for what needs nothing but the broker: an account that lacks a field,
    as its secret, is left out, and secrets of shops need not be readable.
    Raises SettingsError with everything that is wrong, at once.
    """
    model = settings_model(partners)
    names = names_of(model)
    layers = read_layers(names, os.environ if environ is None else environ, directory or Path.cwd())
    mask = _redactor_of(layers, names)  # validators are written by others, too
    try:
        settings = _validated(model, layers, least=least)
    except ValidationError as error:  # what is missing may stand where nothing could be read
        complaints = [*complaints_of(layers, least=False), *complaints_from(error, layers)]
    else:
        complaints = [*complaints_of(layers, least=least)]
        if not complaints:
            return settings
    raise SettingsError(*(mask.text(str(complaint)) for complaint in complaints))


def _validated(model: type[Settings], layers: list[Layer], *, least: bool) -> Settings:
    arguments: dict[str, Any] = {"layers": layers}
    try:
        return model(**arguments)
    except ValidationError as error:
        if least and leave_out_incomplete_accounts(layers, error):
            return model(**arguments)
        raise


def _redactor_of(layers: list[Layer], names: Names) -> Redactor:
    values = [str(value) for layer in layers for path, value in layer.values.items() if names.is_secret(path)]
    return Redactor(part for value in values for part in secret_parts(value))
