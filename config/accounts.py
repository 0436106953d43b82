"""The shape of a shop's account with a partner. What is in it, each partner's own module says.

The settings are built from these, since they may not import the partners: arrows run worker → tasks → config.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class AccountSettings(BaseModel):
    """Base of each partner's account model, read from `REDEEM_SHOPS__<SHOP>__<PARTNER>__<FIELD>`.

    Fields come as text from the environment, as text or numbers from TOML. Give a secret the type `SecretStr`:
    that keeps it out of `repr`, complaints and logs. A validator's `ValueError` is shown to the operator as it is,
    after the variable's name.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True)
class PartnerSpec:
    """What the settings need to know of a partner: the model of its accounts, and its own base URL."""

    account: type[AccountSettings]
    base_url: str
