"""Shop systems whose webhooks are understood: one small mapper each, from the vendor's payload to our event. Pure.

A fourth system is one more file and one more name here; its route, docs and tests follow from that.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from tasks.shop_systems.base import NothingToReport, ShopSystem, Unmapped
from tasks.shop_systems.shopify import Shopify
from tasks.shop_systems.shopware import Shopware
from tasks.shop_systems.woocommerce import WooCommerce

SYSTEMS: Final[Mapping[str, ShopSystem]] = MappingProxyType(
    {system.name: system for system in (WooCommerce(), Shopify(), Shopware())}
)

__all__ = ["SYSTEMS", "NothingToReport", "ShopSystem", "Unmapped"]
