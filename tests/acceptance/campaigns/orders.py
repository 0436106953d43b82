"""The orders of a campaign: any number, each with codes of both partners, the same ones for the same seed."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tests.acceptance.campaigns.evidence import Fate, Promise
from tests.acceptance.kit import Shop, code, order
from tests.acceptance.kit.events import ids_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_CURRENCIES = ("EUR", "GBP", "CHF", "PLN")

Spelling = Callable[[str, str, random.Random], tuple[str, Fate]]
"""A code of a partner's made of a unique stem, and what must become of it."""


@dataclass(frozen=True)
class Order:
    """An event, and what is promised once a door has acknowledged it."""

    event: Mapping[str, Any]
    promises: tuple[Promise, ...]


def plain(stem: str, _partner: str, _chance: random.Random) -> tuple[str, Fate]:
    """A code that the partner takes."""
    return stem, Fate.YES


def make_orders(count: int, shops: Sequence[Shop], seed: int, spelling: Spelling = plain) -> list[Order]:
    """Orders over all shops, each with one code of each partner and every fourth with a second one of Uniqodo's."""
    chance = random.Random(seed)
    return [_order(number, shops[number % len(shops)], chance, spelling) for number in range(count)]


def _order(number: int, shop: Shop, chance: random.Random, spelling: Spelling) -> Order:
    partners = ("sovendus", "uniqodo") if number % 4 else ("sovendus", "uniqodo", "uniqodo")
    spelled = [spelling(f"C{number}-{place}", partner, chance) for place, partner in enumerate(partners)]
    coupons = [code(text, partner) for (text, _), partner in zip(spelled, partners, strict=True)]
    value, currency = Decimal(chance.randrange(1, 30_000)) / 100, chance.choice(_CURRENCIES)
    event = order(shop, f"N{number}", *coupons, order_value=f"{value:.2f}", currency=currency)
    promises = tuple(
        Promise(id_, f"N{number}", value, currency, fate) for id_, (_, fate) in zip(ids_of(event), spelled, strict=True)
    )
    return Order(event, promises)
