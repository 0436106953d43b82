"""The shop `demo`, for a machine where no shop is configured: accounts that only the sandbox knows."""

from __future__ import annotations

from typing import Final

SHOP: Final = "demo"
TOKEN: Final = "token-of-the-demo-shop"  # noqa: S105 - and shown to whoever starts it
"""For the HTTP door: it opens nothing but this shop of the sandbox."""


def demo_shop(sandbox_url: str) -> dict[str, str]:
    """Settings, as environment variables, of a shop with both partners, whose calls go to the sandbox."""
    return {
        "REDEEM_SHOPS__DEMO__SOVENDUS__TRAFFIC_SOURCE_NUMBER": "4711",
        "REDEEM_SHOPS__DEMO__UNIQODO__API_KEY": "demo-key-of-the-sandbox",
        "REDEEM_SHOPS__DEMO__UNIQODO__MERCHANT_ID": "1",
        "REDEEM_SHOPS__DEMO__TOKEN": TOKEN,
        "REDEEM_PARTNERS__SOVENDUS__BASE_URL": sandbox_url,
        "REDEEM_PARTNERS__UNIQODO__BASE_URL": sandbox_url,
    }
