"""The merchant's shops: which accounts each has, and how it tells whose code is whose."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, create_model, model_validator

from config.accounts import AccountSettings, PartnerSpec
from config.complaints import GROUP, contradiction
from config.groups import Group
from config.secrecy import checked

NOBODY = "none"
"""Named in place of a partner for the merchant's own codes, which are reported to nobody."""


def _shop_name(value: str) -> str:
    if not re.fullmatch(r"[a-z0-9]+(?:[-_][a-z0-9]+)*", value):
        raise ValueError("a shop's name is letters a-z and digits, with single - or _ between them")
    return value


def _codes(value: object) -> object:
    if isinstance(value, str):
        value = _json(value) if value.startswith("[") else value.split(",")
    if isinstance(value, list) and all(isinstance(code, str) for code in value):
        return [code.strip().upper() for code in value if code.strip()]
    raise ValueError('must be codes between commas (WELCOME10,SUMMER) or a list of texts (["WELCOME10", "SUMMER"])')


def _list_of_rules(value: object) -> object:
    value = _json(value) if isinstance(value, str) else value
    if isinstance(value, list):
        return value
    raise ValueError('must be a list: [{"pattern": "SKD*", "partner": "sovendus"}, …]')


def _json(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError as error:
        place = f" at character {error.pos + 1}" if isinstance(error, json.JSONDecodeError) else ""
        raise ValueError(f"is no valid JSON{place}") from None  # the original holds the text
    except RecursionError:
        raise ValueError("is no valid JSON: nested too deeply") from None


def _listed(text: str) -> str:
    if not all(part.strip() for part in text.split(",")):
        raise ValueError("has nothing before or after a comma: several are listed as new,old")
    return text


def _members(secret: SecretStr | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in secret.get_secret_value().split(",")) if secret else ()


def _partner_name(value: object) -> object:
    return value.strip().lower() if isinstance(value, str) else value


ShopName = Annotated[str, AfterValidator(_shop_name)]
PartnerName = Annotated[str, BeforeValidator(_partner_name)]


class Rule(Group):
    """Codes that match `pattern` (a shell-style glob, case-insensitive) are `partner`'s, or nobody's (`none`)."""

    pattern: Annotated[str, Field(min_length=1)]
    partner: PartnerName


class Shop(Group):
    """One shop's settings; the accounts with partners are further fields, which come with `shop_model`."""

    partners: ClassVar[frozenset[str]] = frozenset()

    master_codes: Annotated[frozenset[str], BeforeValidator(_codes)] = frozenset()
    """Codes that must never go to Uniqodo; trimmed and upper-cased, as codes are compared."""
    rules: Annotated[tuple[Rule, ...], BeforeValidator(_list_of_rules)] = ()
    default_partner: PartnerName | None = None
    """A partner the shop has, or `none`; None where nothing is set."""
    token: Annotated[SecretStr, checked(_listed)] | None = None
    webhook_secret: Annotated[SecretStr, checked(_listed)] | None = None
    """As the token, one or, between commas, several that are valid at once: so they can be changed without a gap."""

    def account(self, partner: str) -> AccountSettings | None:
        """The shop's account with that partner; None when it has none, or there is no such partner."""
        found = getattr(self, partner) if partner in self.partners else None
        return found if isinstance(found, AccountSettings) else None

    @property
    def tokens(self) -> tuple[str, ...]:
        """Every token that is valid now, in plain text."""
        return _members(self.token)

    @property
    def webhook_secrets(self) -> tuple[str, ...]:
        """Every secret that a webhook may be signed with now, in plain text."""
        return _members(self.webhook_secret)

    @model_validator(mode="after")
    def _routes_lead_somewhere(self) -> Self:
        routes = {f"rules.{number}.partner": rule.partner for number, rule in enumerate(self.rules)}
        if self.default_partner is not None:
            routes["default_partner"] = self.default_partner
        known = self.partners | {NOBODY}
        wrong = {
            field: f"must be one of {', '.join(sorted(known))}"
            for field, partner in routes.items()
            if partner not in known
        }
        # A rule may name a partner the shop has no account with: such codes become dead letters, `unroutable`.
        # A default that leads nowhere would make every code one, which nobody wants.
        default = self.default_partner
        if default is not None and default in self.partners and self.account(default) is None:
            wrong["default_partner"] = f"the shop has no {default} account: set {GROUP}__{default.upper()}__…"
        if wrong:
            raise contradiction(wrong)
        return self


def shop_model(partners: Mapping[str, PartnerSpec]) -> type[Shop]:
    """`Shop` with one more, optional field a partner: its account. ValueError for a name that is taken."""
    if taken := partners.keys() & (Shop.model_fields.keys() | {NOBODY}):
        raise ValueError(f"no partner can be called {', '.join(sorted(taken))}: a shop's settings use that word")
    fields: dict[str, Any] = {name: (spec.account | None, None) for name, spec in partners.items()}
    model = create_model("Shop", __base__=Shop, **fields)
    model.partners = frozenset(partners)
    return model
