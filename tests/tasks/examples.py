"""Orders, shops and redemptions to test with; each takes what a test wants different."""

from __future__ import annotations

import functools
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from config.settings import Settings, load_settings
from tasks.orders import Order, parse_order
from tasks.partners import PARTNERS, SPECS
from tasks.redemption import Redemption
from tests.moments import NOW, iso

PLACED = NOW - timedelta(seconds=30)
ADDRESS = "jane.doe+shop@example.com"
KEY = "K3y/with+odd %chars"
MEDIUM = "6ba7b810-9dad-11d1-80b4-00c04fd430c8"
NOWHERE = Path("/nonexistent")

SHOPS = {
    "REDEEM_SHOPS__UK__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
    "REDEEM_SHOPS__UK__UNIQODO__API_KEY": KEY,
    "REDEEM_SHOPS__UK__UNIQODO__MERCHANT_ID": "17",
    "REDEEM_SHOPS__DE__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4712",
}
ACCOUNTS: dict[str, dict[str, Any]] = {
    "sovendus": {"traffic_source_number": "4711", "traffic_medium_public_id": MEDIUM},
    "uniqodo": {"api_key": KEY, "merchant_id": 17, "send_uid": True},
}
"""The fields of an account with each partner of the registry; a third partner needs its own here."""


def event(**changes: object) -> dict[str, Any]:
    """A whole order; a change to ... takes the field out."""
    whole: dict[str, object] = {
        "order_id": "145789",
        "shop": "uk",
        "completed_at": iso(PLACED),
        "order_value": "219.99",
        "currency": "GBP",
        "coupons": [{"code": "AB12E3GH"}],
    }
    return {name: value for name, value in (whole | changes).items() if value is not ...}


def order(**changes: object) -> Order:
    return parse_order(event(**changes), now=NOW)


def settings(**variables: str) -> Settings:
    """Two shops, `uk` with both partners and `de` with Sovendus only, and these variables without their REDEEM_."""
    return _settings(frozenset(variables.items()))


@functools.cache  # they are frozen, and take 30 ms to build
def _settings(variables: frozenset[tuple[str, str]]) -> Settings:
    mine = {f"REDEEM_{name}": value for name, value in variables}
    return load_settings(
        SPECS, environ={"REDEEM_BROKER_URL": "redis://localhost:6379/0", **SHOPS, **mine}, directory=NOWHERE
    )


def account(partner: str, **changes: object) -> Any:  # noqa: ANN401 - each partner has its own model
    fields = ACCOUNTS[partner] | changes
    return PARTNERS[partner].account_model.model_validate(
        {name: value for name, value in fields.items() if value is not ...}
    )


def redemption(partner: str, **changes: Any) -> Redemption:  # noqa: ANN401 - each field has its own type
    """One that lacks nothing."""
    whole: dict[str, Any] = {
        "id": f"{partner}:uk:145789:AB12E3GH",
        "partner": partner,
        "shop": "uk",
        "order_id": "145789",
        "code": "AB12E3GH",
        "order_value": Decimal("219.99"),
        "currency": "GBP",
        "completed_at": NOW,
        "discount": Decimal("50.95"),
        "validation_key": "f458a1",
        "email_hash": "1d94e91aafaebd74135e7b9195045bf5",
        "customer_id": "customer-7",
        "source": "online",
        "params": ("electricals", "UK"),
    }
    return Redemption(**(whole | changes))
