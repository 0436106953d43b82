"""What a shop has to know about its account with a partner. The partners' own modules say it; this is only the shape.

The settings are built from these, because they may not import the partners: arrows run worker → tasks → config.
"""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict


class AccountSettings(BaseModel):
    """Base of each partner's account model, read from `REDEEM_SHOPS__<SHOP>__<PARTNER>__<FIELD>`.

    Fields come as text from the environment and as text or numbers from TOML. Give a secret the type `SecretStr`: that
    is what keeps it out of `repr`, complaints and logs. A validator's `ValueError` is shown to the operator as it is.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


@dataclass(frozen=True)
class PartnerSpec:
    """What the settings need to know of a partner: its accounts' model and the base URL unless another is set."""

    account: type[AccountSettings]
    base_url: str
