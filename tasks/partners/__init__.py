"""The partners. A third one is one new file beside these and one name in this list."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from config.accounts import PartnerSpec
from config.shops import NOBODY
from tasks.partners.base import Partner
from tasks.partners.sovendus import Sovendus
from tasks.partners.uniqodo import Uniqodo

PARTNERS: Final[Mapping[str, Partner[Any]]] = {partner.name: partner for partner in (Sovendus(), Uniqodo())}

SPECS: Final[Mapping[str, PartnerSpec]] = {name: partner.spec() for name, partner in PARTNERS.items()}
"""What the settings need to know of each partner."""

PROVENANCES: Final = (*PARTNERS, NOBODY)
"""What an event or a rule may name as a code's issuer; `none` is for the merchant's own codes."""
