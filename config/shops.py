"""The merchant's shops: which accounts each has, and how it tells whose code is whose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    create_model,
    model_validator,
)

from config.accounts import AccountSettings, PartnerSpec
from config.complaints import GROUP, contradiction

NOBODY = "none"
"""Named in place of a partner for the merchant's own codes, which are reported to nobody."""


def shop_name(value: str) -> str:
    """Lower-case letters, digits and single `-` or `_` between them, so that a variable's name can carry it."""
    if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", value):
        raise ValueError("a shop's name is letters and digits, with single - or _ between them")
    return value


def _codes(value: object) -> object:
    """A JSON array, or codes between commas, become a list; trimmed and upper-cased as everywhere codes are compared."""
    if isinstance(value, str):
        value = _json(value) if value.lstrip().startswith("[") else value.split(",")
    if isinstance(value, list) and all(isinstance(code, str) for code in value):
        return [code.strip().upper() for code in value if code.strip()]
    raise ValueError(
        'must be codes between commas (WELCOME10,SUMMER), or a list of texts (["WELCOME10", "SUMMER"])'
    )


def _tables(value: object) -> object:
    value = _json(value) if isinstance(value, str) else value
    if isinstance(value, list | tuple):
        return value
    raise ValueError('must be a list: [{"pattern": "SKD*", "partner": "sovendus"}, …]')


def _json(value: str) -> object:
    try:
        return json.loads(value)
    except ValueError as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"is no valid JSON{place}") from None  # the original holds the value


class Rule(BaseModel):
    """Codes that match `pattern` (a shell-style glob, case-insensitive) are `partner`'s, or nobody's (`none`)."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    pattern: Annotated[str, Field(min_length=1)]
    partner: Annotated[
        str, BeforeValidator(lambda value: value.strip().lower() if isinstance(value, str) else value)
    ]


class Shop(BaseModel):
    """One shop's settings; the partners' accounts are further fields, which come with `shop_model`."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)
    partners: ClassVar[frozenset[str]] = frozenset()

    master_codes: Annotated[frozenset[str], BeforeValidator(_codes)] = frozenset()
    """Trimmed and upper-cased. Codes that must never go to Uniqodo."""
    rules: Annotated[tuple[Rule, ...], BeforeValidator(_tables)] = ()
    default_partner: str | None = None
    """A partner the shop has, or `none`; None where nothing is set."""
    token: SecretStr | None = None
    webhook_secret: SecretStr | None = None

    def account(self, partner: str) -> AccountSettings | None:
        """The shop's account with that partner; None when it has none, or there is no such partner."""
        found = getattr(self, partner) if partner in self.partners else None
        return found if isinstance(found, AccountSettings) else None

    @model_validator(mode="after")
    def _routes_lead_to_accounts(self) -> Self:
        wrong: dict[str, str] = {}
        if self.default_partner is not None and (text := self._no_route(self.default_partner)):
            wrong["default_partner"] = text
        for number, rule in enumerate(self.rules):
            if text := self._no_route(rule.partner):
                wrong[f"rules[{number}].partner"] = text
        if wrong:
            raise contradiction(wrong)
        return self

    def _no_route(self, partner: str) -> str | None:
        if partner == NOBODY or self.account(partner):
            return None
        if partner in self.partners:
            return f"the shop has no {partner} account: set {GROUP}__{partner.upper()}__…"
        return f"must be one of {', '.join(sorted(self.partners | {NOBODY}))}"


def shop_model(partners: Mapping[str, PartnerSpec]) -> type[Shop]:
    """`Shop` with one more, optional field a partner: its account."""
    if taken := partners.keys() & (Shop.model_fields.keys() | {NOBODY}):
        raise ValueError(
            f"no partner can be called {', '.join(sorted(taken))}: that word has a meaning in a shop's settings"
        )
    fields: dict[str, Any] = {name: (spec.account | None, None) for name, spec in partners.items()}
    model = create_model("Shop", __base__=Shop, **fields)
    model.partners = frozenset(partners)
    return model


ShopName = Annotated[str, AfterValidator(shop_name)]
