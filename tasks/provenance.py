"""Who issued a code, and so who is told. A pure function of the coupon and the shop's settings.

The order is the contract's: master codes first, then the coupon's own word, a validation key, the shop's rules, and
its default. What no partner issued (`none`) is reported to nobody.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

from config.shops import NOBODY, Shop
from tasks.errors import MasterCode, Unroutable
from tasks.partners.sovendus import Sovendus
from tasks.partners.uniqodo import Uniqodo

# Sovendus asks to be told of every order with a code and sorts out which are theirs.
_ASKS_FOR_EVERY_CODE: Final = Sovendus.name
_ISSUES_VALIDATION_KEYS: Final = Uniqodo.name


def issuer(code: str, provenance: str | None, validation_key: str | None, shop: Shop) -> str:
    """The partner's name, or `none`.

    Raises MasterCode for a code on the shop's list, whatever else is said, and Unroutable where nothing decides.
    """
    spelled = code.strip().upper()
    if spelled in shop.master_codes:
        raise MasterCode("a master or trigger code of the merchant (MASTER_CODES), never the customer's own")
    stated = stated_issuer(code, provenance, validation_key, shop)
    if stated is not None:
        return stated
    if shop.default_partner is not None:
        return shop.default_partner
    if shop.account(_ASKS_FOR_EVERY_CODE) is not None:
        return _ASKS_FOR_EVERY_CODE
    raise Unroutable("nothing says who issued the code: no rule matches and the shop has no default partner")


def stated_issuer(code: str, provenance: str | None, validation_key: str | None, shop: Shop) -> str | None:
    """Who the event itself or the shop's rules say issued the code; None where only the shop's default is left."""
    if provenance is not None:
        return provenance
    if validation_key is not None:
        return _ISSUES_VALIDATION_KEYS
    if not shop.rules:
        return None
    spelled = code.strip().upper()
    return next((rule.partner for rule in shop.rules if fnmatchcase(spelled, rule.pattern.upper())), None)


def is_nobody(partner: str) -> bool:
    """Whether the code is the merchant's own."""
    return partner == NOBODY
