"""A shop with accounts of its own at both partners, so that a test's calls and faults are nobody else's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Shop:
    """A shop's name and accounts; `more` are further settings of the shop, e.g. `{"TOKEN": "…"}`."""

    name: str
    number: str
    """Sovendus' traffic source number."""
    api_key: str
    merchant_id: str = "77"
    more: Mapping[str, str] = field(default_factory=dict)

    def variables(self) -> dict[str, str]:
        """The shop's settings as environment variables."""
        settings = {
            "SOVENDUS__TRAFFIC_SOURCE_NUMBER": self.number,
            "UNIQODO__API_KEY": self.api_key,
            "UNIQODO__MERCHANT_ID": self.merchant_id,
            **self.more,
        }
        return {f"REDEEM_SHOPS__{self.name.upper()}__{name}": value for name, value in settings.items()}

    def ids(self, partner: str, order_id: str, *codes: str) -> list[str]:
        """The ids of redemptions whose order number and codes need no encoding."""
        return [f"{partner}:{self.name}:{order_id}:{code.upper()}" for code in codes]
