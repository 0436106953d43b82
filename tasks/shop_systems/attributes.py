"""What a shop may write to an order besides what its system has anyway; the same names in every system."""

from __future__ import annotations

from typing import Final

VALIDATION_KEY: Final = "uniqodo_validation_key"
"""Uniqodo's validation keys: the key alone where the order has one code, else `CODE=KEY, CODE2=KEY2`."""
TEST: Final = "redeem_test"
"""`yes`, `true` or `1`: a test order, which is journaled and reported to nobody."""
